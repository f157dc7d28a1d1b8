/** A weighted world in which members are sick for a moment, in one service only, or now and then. */
import { WeightedWorld } from "./weighted-world";

type Port = Parameters<WeightedWorld["failingOf"]>[0];

export class BlipsWorld extends WeightedWorld {
  /** No target of the member is healthy until then. */
  readonly sickUntil = new Map<string, number>();
  /** `web@blue`: no healthy target there. */
  readonly deadIn = new Set<string>();
  /** `web@green`: healthy, and answers errors there. */
  readonly errsIn = new Set<string>();
  /** Healthy for 20 s, unhealthy for 20 s. */
  readonly flapping = new Set<string>();
  /** The largest share of requests that failed for a minute. */
  most = 0;
  private readonly seconds = new Map<number, number>();
  private at = 0;

  override state(...[id, target]: Parameters<WeightedWorld["state"]>): ReturnType<WeightedWorld["state"]> {
    const state = super.state(id, target);
    // The parent's constructor looks before these are there.
    const sick = this.now < (this.sickUntil?.get(target.member) ?? 0);
    const flaps = this.flapping?.has(target.member) === true && Math.floor(this.now / 20_000) % 2 === 1;
    return state === "healthy" && (sick || flaps) ? "unhealthy" : state;
  }
  override reconcile(): void {
    super.reconcile();
    if (this.seconds === undefined) return;
    const percent = Math.round(100 * this.failingShare());
    const lasted = (this.seconds.get(percent) ?? 0) + (this.at === 0 ? 0 : this.now - this.at);
    this.seconds.set(percent, lasted);
    if (lasted > 60_000) this.most = Math.max(this.most, percent);
    this.at = this.now;
  }
  protected override loses(member: string, port: Port): boolean {
    const here = `${port}@${member}`;
    return super.loses(member, port) || this.errsIn?.has(here) === true || this.deadIn?.has(here) === true;
  }
  override environmentOutputs(): ReturnType<WeightedWorld["environmentOutputs"]> {
    const outputs = super.environmentOutputs();
    const services = Object.fromEntries(
      Object.entries(outputs.loadBalancer.services).map(([key, service]) => [
        key,
        { ...service, port: key.startsWith("api") ? 8080 : 80 },
      ]),
    );
    return { ...outputs, loadBalancer: { ...outputs.loadBalancer, services } };
  }
  override ports(): ReturnType<WeightedWorld["ports"]> {
    const all = super.ports();
    const targets: typeof all.aws.targets = async (arn) =>
      (await all.aws.targets(arn)).map((target) =>
        [...this.deadIn].some((key) => arn.includes(`/${key}/`)) ? { ...target, state: "unhealthy" } : target,
      );
    const probe: typeof all.aws.probe = async (url, count) => {
      const share = this.failingOf(JSON.stringify(url).includes("8080") ? "api" : "web");
      const failed = Math.ceil(count * share);
      return { sent: count, failed, firstFailure: failed > 0 ? "503" : null };
    };
    return { ...all, aws: { ...all.aws, targets, probe } };
  }
  /** One that was in traffic stands by, since ten minutes. */
  standBy(name: string): this {
    const { share: _share, ...stands } = this.record.placement[name]!;
    this.record = { ...this.record, placement: { ...this.record.placement, [name]: { ...stands, role: "standby" } } };
    this.clusters.get(name)!.bound = false;
    for (const wait of [0, 600_000]) {
      this.now += wait;
      this.reconcile();
    }
    this.most = 0;
    this.failingMs = 0;
    this.seconds.clear();
    return this;
  }
}
