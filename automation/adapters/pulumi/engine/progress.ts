/** How far an update is, from the engine's event stream. */
import type { EngineEvent } from "@pulumi/pulumi/automation";

export interface UpdateProgress {
  readonly stack: string;
  /** Resources that were dealt with. */
  readonly done: number;
  /** Type and name of what was begun last and is not done; an empty text when nothing is. */
  readonly current: string;
}

/** Between two words about one stack. */
const leastMs = 1000;

/** `aws:eks/nodeGroup:NodeGroup` → `aws:eks:NodeGroup`; others stay. */
const shortType = (type: string): string => type.replace(/^([^:]+:[^:/]+)\/[^:]+:/, "$1:");
const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

export class ProgressTeller {
  private done = 0;
  private readonly open = new Map<string, string>();
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stack: string,
    private readonly tell: (progress: UpdateProgress) => void,
    private readonly now: () => number,
  ) {}

  readonly listen = (event: EngineEvent): void => {
    const begun = event.resourcePreEvent?.metadata;
    if (begun?.op === "same") return;
    if (begun !== undefined) this.open.set(begun.urn, `${shortType(begun.type)} ${nameOf(begun.urn)}`);
    const ended = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
    if (ended !== undefined) {
      this.done += 1;
      this.open.delete(ended.urn);
    }
    if (begun === undefined && ended === undefined) return;
    const now = this.now();
    if (now - this.toldAt < leastMs) return;
    this.toldAt = now;
    this.tell({ stack: this.stack, done: this.done, current: [...this.open.values()].at(-1) ?? "" });
  };
}
