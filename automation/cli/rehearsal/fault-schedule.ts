/** Faults of a rehearsal: injected before the upgrade begins, or when a step of it reaches a phase (`…@admit.gate`). */
import type { ControlClient } from "../../../sandbox/client/control-client";
import { SandboxError } from "../../../sandbox/shared/errors";
import type { FaultSpec } from "../../../sandbox/faults/spec";
import { parseFaultText } from "../../../sandbox/faults/text";
import type { DriverEvent, EventSink } from "../../events";

const moments = ["provision", "admit", "drain", "upgrade", "scale", "shift", "retire", "bake"];
const phases = ["begin", "preview", "act", "gate", "commit"];

export interface ScheduledFault {
  readonly text: string;
  readonly spec: FaultSpec;
  /** null: before the upgrade begins. */
  readonly when: { readonly step: string; readonly phase: string } | null;
}

/** @throws SBX-FAULT */
export function parseScheduledFault(text: string): ScheduledFault {
  const at = text.lastIndexOf("@");
  if (at < 0) return { text, spec: parseFaultText(text), when: null };
  const [step = "", phase = step === "bake" ? "gate" : "act"] = text.slice(at + 1).split(".");
  if (!moments.includes(step) || !phases.includes(phase)) {
    throw new SandboxError(
      "SBX-FAULT",
      `'@${text.slice(at + 1)}' is no moment of an upgrade`,
      `Write @STEP or @STEP.PHASE, with STEP one of ${moments.join(", ")} and PHASE one of ${phases.join(", ")} ` +
        "(default act; gate for a bake): …@admit.gate.",
    );
  }
  return { text, spec: parseFaultText(text.slice(0, at)), when: { step, phase } };
}

export class FaultSchedule {
  private waiting: ScheduledFault[];
  private step = "";
  private injecting: Promise<void> = Promise.resolve();

  constructor(
    texts: readonly string[],
    private readonly control: Pick<ControlClient, "addFault">,
    private readonly tell: EventSink,
  ) {
    this.waiting = texts.map(parseScheduledFault);
  }

  /** Those without a moment. @throws what the sandbox refuses */
  async begin(): Promise<void> {
    const now = this.waiting.filter(({ when }) => when === null);
    this.waiting = this.waiting.filter(({ when }) => when !== null);
    for (const fault of now) await this.inject(fault);
  }

  onEvent(event: DriverEvent): void {
    if (event.kind === "step-started") this.step = event.step.type === "move" ? event.step.kind : "bake";
    if (event.kind !== "phase-started") return;
    const due = this.waiting.filter(({ when }) => when?.step === this.step && when.phase === event.phase);
    this.waiting = this.waiting.filter((one) => !due.includes(one));
    for (const fault of due) {
      // The driver does not wait for it, as nobody waits for a fault.
      this.injecting = this.injecting
        .then(() => this.inject(fault))
        .catch((error: unknown) =>
          this.tell({
            kind: "note",
            message: `fault ${fault.text} could not be injected: ${error instanceof Error ? error.message : String(error)}`,
          }),
        );
    }
  }

  /** Those whose moment never came. */
  async end(): Promise<readonly string[]> {
    await this.injecting;
    return this.waiting.map(({ text }) => text);
  }

  private async inject({ text, spec }: ScheduledFault): Promise<void> {
    const { id } = await this.control.addFault<{ id: string }>(spec);
    this.tell({ kind: "note", message: `fault ${id}: ${text}` });
  }
}
