/** Time, as the driver measures and spends it. */
export interface Clock {
  /**
   * Milliseconds since 1970 as it was when the process began, counted evenly from there: what a time is measured with.
   * It neither jumps when the machine's clock is set, nor goes on while the process is suspended.
   */
  now(): number;
  /** Milliseconds since 1970 as the machine says, which may jump: for dates, and to see that nobody looked for a while. */
  wall(): number;
  /** Resolves after the time, or at once when the signal is aborted; never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds on this clock for seconds of AWS's time (EKS_BLUE_GREEN_TIME_SCALE). */
  scaled(seconds: number): number;
  /** 0 to 1, for jitter. */
  random(): number;
}
