/** Milliseconds in logarithmic buckets of about 5 %: percentiles of any number of samples in fixed memory. */
const STEP = Math.log(1.05);

export class Histogram {
  private readonly buckets = new Uint32Array(400);
  private count = 0;
  private largest = 0;

  add(ms: number): void {
    const value = Math.max(0, ms);
    this.buckets[Math.min(399, Math.floor(Math.log(value * 100 + 1) / STEP))]!++;
    this.count++;
    if (value > this.largest) this.largest = value;
  }

  private percentile(part: number): number {
    let left = this.count * part;
    for (let i = 0; i < this.buckets.length; i++) {
      left -= this.buckets[i]!;
      if (left <= 0) return this.count === 0 ? 0 : Math.min(this.largest, (Math.exp((i + 1) * STEP) - 1) / 100);
    }
    return this.largest;
  }

  summary(): { p50: number; p99: number; max: number } {
    const round = (ms: number): number => Math.round(ms * 100) / 100;
    return { p50: round(this.percentile(0.5)), p99: round(this.percentile(0.99)), max: round(this.largest) };
  }
}
