/**
 * The sandbox's one time scale. Everything that models a delay of AWS or a kubelet goes through here; Kubernetes' own
 * timers do not.
 */

/** Milliseconds on this machine for a time given in AWS's seconds. */
export function scaledMs(seconds: number, timeScale: number): number {
  return (seconds * 1000) / timeScale;
}
