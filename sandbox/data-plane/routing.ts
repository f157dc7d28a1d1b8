/** Which targets a load balancer would give a new flow to. Pure: the clock and the hash come in as data. */
import { scaledMs } from "../shared/clock";
import type { DataPlaneTarget, LoadBalancerLags, TargetHealthState } from "../contract";

export interface RoutedTarget {
  readonly target: DataPlaneTarget;
  readonly health: TargetHealthState;
  /** Date.now() of the last change of `health`. */
  readonly healthSince: number;
  /** It was healthy at some time since its registration: only then can a lag keep it in use. */
  readonly wasHealthy: boolean;
}

/**
 * - Registered: from the end of the registration lag, while healthy, and for the unhealthy lag after turning unhealthy.
 * - Deregistered: still, for the deregistration lag, if it took flows when it was deregistered. This is the danger
 *   being modelled.
 * - Fail-open: with no healthy one among the registered, all registered whatever their health. Not those within the
 *   registration
 *   lag: the load balancer's machines have not heard of them yet, so not even fail-open can send them a flow.
 */
export function routable<T extends RoutedTarget>(
  targets: readonly T[],
  now: number,
  times: LoadBalancerLags,
  timeScale: number,
): T[] {
  const ms = (seconds: number): number => scaledMs(seconds, timeScale);
  const known = (t: T, at: number): boolean => at >= t.target.registeredAt + ms(times.registrationLagSeconds);
  const alive = (t: T, at: number): boolean =>
    t.health === "healthy" ||
    (t.health === "unhealthy" && t.wasHealthy && at - t.healthSince < ms(times.unhealthyLagSeconds));
  const leaving: T[] = [];
  const good: T[] = [];
  const all: T[] = [];
  let healthy = false;
  for (const t of targets) {
    const gone = t.target.deregisteredAt;
    if (gone !== null) {
      if (now - gone < ms(times.deregistrationLagSeconds) && known(t, gone) && alive(t, gone)) leaving.push(t);
    } else if (known(t, now)) {
      all.push(t);
      healthy ||= t.health === "healthy";
      if (alive(t, now)) good.push(t);
    }
  }
  return healthy ? [...good, ...leaving] : [...all, ...leaving];
}

/** 32 well-mixed bits of a flow's source: neighbouring ports must not go to neighbouring targets in step. */
export function flowHash(address: string, port: number): number {
  let h = 0x811c9dc5 ^ port;
  for (let i = 0; i < address.length; i++) h = Math.imul(h ^ address.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The group of a flow or request by weight; null when no group has a weight. `part`: from 0 to 1 (excluded). */
export function pickGroup(
  groups: readonly { readonly arn: string; readonly weight: number }[],
  part: number,
): string | null {
  let at = groups.reduce((sum, g) => sum + g.weight, 0) * part;
  for (const group of groups) {
    if (group.weight > 0 && at < group.weight) return group.arn;
    at -= group.weight;
  }
  return null;
}
