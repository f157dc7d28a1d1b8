/**
 * One service's load balancer changes hands: look → decide → act, written ahead, until it is done, undone, or somebody
 * has to do something.
 */
import type { Adoption } from "../../stacks/record/adoption";
import { DriverError } from "../errors";
import { kubectl } from "../text/kubectl";
import type { Session } from "../rollout/session";
import { assertAdoptOnly, type AdoptUpdate } from "../policy/adoption-policy";
import {
  decideAdoption,
  freshAdoptMemory,
  undoFrom,
  type AdoptAction,
  type AdoptMemory,
  type AdoptTimes,
} from "./next-step";
import { perform } from "./effects";
import { forgetImports } from "./drop-imports";
import { lookAtAdoption, mayPass, primaryOwnsOf, type AdoptFamily } from "./observe";
import { advanceAdoption, closeAdoption, forgetAdoption, ownedByStack, turnAdoptionBack } from "./record-transitions";
import { writeServiceAgain } from "./service-again";
import { shell } from "../text/shell";

export type ServiceOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "undone"; readonly reason: string }
  | { readonly kind: "stopped"; readonly code: DriverError["code"]; readonly message: string; readonly remedy: string };

/** Unscaled. */
const reconcileSeconds = 60;
const toleratedSeconds = 30;
const stepTimeoutSeconds = 1800;
const attempts = 3;
/** An action whose work the next look does not see is repeated so often at most. */
const mostRepeats = 20;
/** Others are at work, or the record is not what it was: turning back would be a write like any other. */
const nobodysFault = new Set([
  "EBG-FENCED",
  "EBG-STACK-LOCKED",
  "EBG-PENDING-OPERATIONS",
  "EBG-CREDENTIALS",
  "EBG-RECORD-LOST",
  "EBG-RECORD-INVALID",
  "EBG-STOPPED",
]);

/** Nothing was tried, so there is nothing to turn back from. */
class RecordUnread extends DriverError {
  constructor() {
    super(
      "EBG-UPDATE-FAILED",
      "the record could not be read, so nothing was touched",
      "bring Pulumi's backend back, then run the same command again",
    );
  }
}

export class ServiceAdoption {
  private memory: AdoptMemory;
  private annotationsDropped = false;
  private forgotten = false;
  private told = "";
  private failures = 0;
  private last: AdoptAction | null = null;
  private repeats = 0;
  private waitedSince: number;

  constructor(
    private readonly session: Session,
    private readonly family: AdoptFamily,
  ) {
    this.memory = freshAdoptMemory(this.adoption.step);
    this.waitedSince = session.ports.clock.now();
  }

  private get adoption(): Adoption {
    const { adoption } = this.session.record;
    if (adoption == null) throw new Error("no adoption is open");
    return adoption;
  }
  private get times(): AdoptTimes {
    const { clock } = this.session.ports;
    // The controller's own delays are Kubernetes', which no scale shortens.
    return {
      reconcileMs: Math.max(clock.scaled(reconcileSeconds), 3000),
      toleratedMs: Math.max(clock.scaled(toleratedSeconds), 3000),
    };
  }
  private tell(status: "started" | "waiting" | "finished" | "undoing", message: string): void {
    const line = `${this.adoption.step} ${status} ${message}`;
    if (line !== this.told)
      this.session.options.emit({
        kind: "adoption",
        service: this.adoption.service,
        step: this.adoption.step,
        status,
        message,
      });
    this.told = line;
  }

  async run(): Promise<ServiceOutcome> {
    const { clock } = this.session.ports;
    const { stop, commandName } = this.session.options;
    for (;;) {
      if (stop.aborted)
        return {
          kind: "stopped",
          code: "EBG-STOPPED",
          message: `stopped as asked, before '${this.adoption.step}' of '${this.adoption.service}'`,
          remedy: `go on with: ${commandName}`,
        };
      const look = await lookAtAdoption(
        this.session.ports,
        { ...this.family, record: this.session.record },
        this.adoption,
        { forgotten: this.forgotten, annotationsDropped: this.annotationsDropped },
      );
      const decision = decideAdoption(this.adoption, look, this.memory, this.times);
      switch (decision.kind) {
        case "act": {
          const refused = await this.act(decision.action);
          if (refused !== null) return refused;
          break;
        }
        case "advance":
          this.tell("finished", "");
          await this.goTo(advanceAdoption(this.session.record, decision.step));
          break;
        case "turn-back":
          await this.goTo(turnAdoptionBack(this.session.record, decision.reason, decision.step));
          this.tell("undoing", decision.reason);
          break;
        case "wait":
          this.memory = decision.memory;
          this.tell("waiting", decision.message);
          if (clock.now() - this.waitedSince > Math.max(clock.scaled(stepTimeoutSeconds), 60_000))
            return {
              kind: "stopped",
              code: "EBG-DEADLINE",
              message: `'${this.adoption.step}' of '${this.adoption.service}': ${decision.message}`,
              remedy: `repair it, then: ${commandName}`,
            };
          await clock.sleep(Math.max(clock.scaled(5), 500), stop);
          break;
        case "stop":
          return { kind: "stopped", code: decision.code, message: decision.message, remedy: decision.remedy };
        case "done":
          await this.close();
          return { kind: "done" };
        case "undone": {
          const reason = this.adoption.reason ?? "";
          // The states may have the Service as it was in between, and a change of its type would be planned as a
          // replacement.
          const { ports, options } = this.session;
          const { member } = this.adoption;
          await ports.pulumi.refreshServices(member);
          await this.close();
          await writeServiceAgain(ports.pulumi, member, this.session.writer.written.revision, options.cancel);
          return { kind: "undone", reason };
        }
        default:
          decision satisfies never;
      }
    }
  }

  private async goTo(record: Session["record"]): Promise<void> {
    this.session.record = record;
    await this.session.writer.flush();
    this.memory = freshAdoptMemory(this.adoption.step);
    this.waitedSince = this.session.ports.clock.now();
  }
  private async close(): Promise<void> {
    this.tell("finished", "");
    this.session.record = closeAdoption(this.session.record, this.family.config);
    await this.session.writer.flush();
  }

  private async act(action: AdoptAction): Promise<ServiceOutcome | null> {
    this.tell("started", action);
    try {
      this.repeats = this.last === action ? this.repeats + 1 : 0;
      this.last = action;
      if (this.repeats > mostRepeats)
        throw new DriverError(
          "EBG-ADOPT",
          `'${action}' was done ${this.repeats} times and is not seen: somebody undoes it at once`,
          `find who writes it (${kubectl(this.family.primary.clusterName)}` +
            shell` -n ${this.adoption.before.namespace} ` +
            shell`get service ${this.adoption.before.name} -o yaml --show-managed-fields), then run the same command ` +
            "again",
        );
      if (this.repeats > 0) await this.session.ports.clock.sleep(500, this.session.options.stop);
      await this.effect(action);
      this.failures = 0;
      return null;
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      // A member that does not answer is what the next look says, with where it stands.
      if (error.code === "EBG-MEMBER-UNREACHABLE") return null;
      this.failures += 1;
      const { message, remedy, code } = error;
      if (mayPass.has(code) && this.failures < attempts) {
        this.session.options.emit({
          kind: "note",
          message: `${action} failed (${message.split("\n")[0] ?? ""}), trying again`,
        });
        await this.session.ports.clock.sleep(
          Math.max(this.session.ports.clock.scaled(10), 1000),
          this.session.options.stop,
        );
        return null;
      }
      const step =
        this.adoption.direction === "back" ||
        error instanceof RecordUnread ||
        nobodysFault.has(code) ||
        (await this.mayBePastUndo())
          ? null
          : undoFrom(this.adoption.step);
      const told = `'${this.adoption.step}' of '${this.adoption.service}' failed: ${message}`;
      if (step === null) return { kind: "stopped", code, message: told, remedy };
      this.tell("undoing", told);
      await this.goTo(turnAdoptionBack(this.session.record, told, step));
      return null;
    }
  }

  private async mine(): Promise<void> {
    if (!(await this.session.writer.stillMine())) throw new RecordUnread();
  }

  /** Also when nobody can tell: then it stops, and the next run looks. */
  private async mayBePastUndo(): Promise<boolean> {
    try {
      return await primaryOwnsOf(this.session.ports, this.adoption);
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      return true;
    }
  }

  /** The record follows, so that a kill in between repeats this. */
  private async forgetImports(): Promise<void> {
    await forgetImports(this.session.ports.pulumi, this.adoption, this.session.writer.written.revision);
    this.forgotten = true;
    await this.goTo(forgetAdoption(this.session.record));
  }

  private async effect(action: AdoptAction): Promise<void> {
    switch (action) {
      case "import-environment":
        return await this.importEnvironment();
      case "import-primary":
        return await this.updatePrimary("primary");
      case "forget-imports":
        return await this.forgetImports();
      case "drop-annotations":
        await this.updatePrimary("annotations");
        this.annotationsDropped = true;
        return;
      case "release-service":
      case "remove-finalizer":
      case "restart-controller":
      case "remove-tags":
      case "remove-labels":
      case "add-labels":
      case "add-tags":
      case "restart-controller-again":
      case "give-service-back":
        return await perform(this.session.ports, this.family.primary, this.adoption, action, () => this.mine());
      default:
        return action satisfies never;
    }
  }

  /** One update writes the record and imports: it is fenced like every write of the record. */
  private async importEnvironment(): Promise<void> {
    const { pulumi } = this.session.ports;
    const { cancel } = this.session.options;
    const stack = { kind: "environment" } as const;
    await pulumi.settle(stack);
    const record = ownedByStack(this.session.writer.written, this.family.config);
    const context = { kind: "record", expectedRevision: this.session.writer.written.revision, record } as const;
    const [previewed] = await Promise.all([pulumi.preview(stack, context, cancel), pulumi.backUpState(stack)]);
    assertAdoptOnly("environment", this.session.environment.environment, previewed.operations);
    await pulumi.apply(stack, context, previewed.plan, cancel);
    this.session.writer.written = record;
    this.session.record = record;
    this.memory = freshAdoptMemory(this.adoption.step);
  }

  private async updatePrimary(update: AdoptUpdate): Promise<void> {
    const { pulumi } = this.session.ports;
    const { cancel } = this.session.options;
    const { member } = this.family.primary;
    const stack = { kind: "member", member } as const;
    await pulumi.settle(stack);
    // The state still has the Service as it was: a change of its type in the program would be planned as a replacement.
    if (update === "primary") await pulumi.refreshServices(member);
    const context = { kind: "act", expectedRevision: this.session.writer.written.revision } as const;
    const [previewed] = await Promise.all([pulumi.preview(stack, context, cancel), pulumi.backUpState(stack)]);
    assertAdoptOnly(update, `${this.session.environment.environment}-${member}`, previewed.operations);
    await pulumi.apply(stack, context, previewed.plan, cancel);
  }
}
