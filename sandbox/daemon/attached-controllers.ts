/**
 * With `--lbc external`: each cluster's folder for a controller, and with `--attach` the controllers themselves, which
 * end with their cluster.
 */
import { type ExternalController, type ExternalSettings, prepareExternalController } from "./external-controller";
import type { Child, Supervisor } from "../processes/supervisor";

export class AttachedControllers {
  private readonly prepared = new Map<string, ExternalController>();
  private readonly running = new Map<string, Child>();

  constructor(
    private readonly supervisor: Pick<Supervisor, "start">,
    private readonly command: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
    /** A controller that ends is started again, as its pod would be. */
    private readonly restartMs = 2_000,
  ) {}

  /** Safe to repeat. */
  async prepare(settings: ExternalSettings): Promise<ExternalController> {
    const known = this.prepared.get(settings.cluster);
    if (known !== undefined) return known;
    const made = await prepareExternalController(settings);
    this.prepared.set(settings.cluster, made);
    if (this.command.length > 0) this.start(settings.cluster, made);
    return made;
  }

  scriptOf(cluster: string): string | null {
    return this.prepared.get(cluster)?.script ?? null;
  }

  private start(cluster: string, external: ExternalController): void {
    this.running.set(
      cluster,
      this.supervisor.start({
        name: `attached-controller-${cluster}`,
        command: external.script,
        args: this.command,
        env: this.env,
        onUnexpectedExit: () =>
          setTimeout(() => {
            // Not if the cluster went meanwhile, nor if another one of its name has come: that one has its own.
            if (this.prepared.get(cluster) === external) this.start(cluster, external);
          }, this.restartMs),
      }),
    );
  }

  async remove(cluster: string): Promise<void> {
    this.prepared.delete(cluster);
    await this.running.get(cluster)?.stop(2_000);
    this.running.delete(cluster);
  }
}
