/**
 * What the driver tells while it works. One JSON object a line with `--json`; the terminal view is drawn from the same
 * events.
 */
import type { AdoptionStep } from "../stacks/record/adoption";
import type { Placement, Step } from "../stacks/record";

/** Part of a step: its record and plan are written, its effect happens, gates are waited for, it is written down as done. */
export type Phase = "begin" | "preview" | "act" | "gate" | "commit";
/** How a gate stands. */
export type GateStatus = "waiting" | "passed" | "failed";
/** How a command ended. `walked-back`: it turned, and traffic is where it was before; `stopped`: asked to, or held. */
export type Outcome = "done" | "nothing-to-do" | "walked-back" | "stopped" | "failed";

/** A member's targets in all of its target groups, by the state that AWS tells. */
export interface TargetCounts {
  readonly healthy: number;
  readonly initial: number;
  readonly draining: number;
  readonly unhealthy: number;
}

/**
 * An event without its time: `kind` says which, and a kind keeps its fields. Later versions may add kinds and fields.
 */
export type DriverEventBody =
  | {
      readonly kind: "rollout-started";
      readonly environment: string;
      readonly rolloutId: string;
      readonly strategy: string;
      readonly from: string | null;
      readonly to: string;
      readonly steps: readonly Step[];
      readonly done: number;
      readonly resumed: boolean;
      readonly direction: "forward" | "back";
    }
  | {
      readonly kind: "finding";
      readonly code: string;
      readonly severity: "required" | "recommended";
      readonly message: string;
      readonly remedy: string;
    }
  | { readonly kind: "step-started"; readonly index: number; readonly step: Step; readonly resumed: boolean }
  | { readonly kind: "phase-started"; readonly index: number; readonly phase: Phase; readonly message: string }
  | { readonly kind: "phase-finished"; readonly index: number; readonly phase: Phase; readonly seconds: number }
  | {
      readonly kind: "gate";
      readonly index: number;
      readonly gate: string;
      readonly status: GateStatus;
      readonly reason: string;
      readonly message: string;
      readonly remedy: string | null;
    }
  /** A command of the user's own (`hooks` of the config): each attempt is begun, and done or failed. */
  | {
      readonly kind: "hook";
      readonly index: number;
      readonly hook: string;
      /** `at` of the config. */
      readonly point: string;
      readonly member: string;
      readonly status: "started" | "finished" | "failed";
      readonly attempt: number;
      /** What it is, or how it ended. */
      readonly message: string;
      readonly seconds: number | null;
    }
  | {
      readonly kind: "step-finished";
      readonly index: number;
      readonly step: Step;
      readonly seconds: number;
      readonly phases: Readonly<Partial<Record<Phase, number>>>;
    }
  | { readonly kind: "walk-back"; readonly code: string; readonly message: string; readonly steps: readonly Step[] }
  | { readonly kind: "targets"; readonly byMember: Readonly<Record<string, TargetCounts>> }
  | {
      readonly kind: "stack";
      readonly stack: string;
      readonly status: "started" | "finished" | "failed";
      readonly message: string;
      readonly seconds: number | null;
      readonly changes: Readonly<Record<string, number>> | null;
    }
  /** A load balancer that changes its owner: `eks-blue-green adopt`. */
  | {
      readonly kind: "adoption";
      readonly service: string;
      readonly step: AdoptionStep;
      readonly status: "started" | "waiting" | "finished" | "undoing";
      readonly message: string;
    }
  | { readonly kind: "note"; readonly message: string }
  /** Who runs a command that moves traffic; `arn`: of its AWS credentials, null when STS names none. */
  | { readonly kind: "caller"; readonly by: string; readonly arn: string | null }
  /** What the command does now, outside of a step: it reads stacks, looks at AWS, previews. */
  | { readonly kind: "activity"; readonly message: string }
  /** How far the engine's update of a stack is: at most one event a second for each stack. */
  | {
      readonly kind: "progress";
      readonly stack: string;
      /** Resources that the update has dealt with so far. */
      readonly done: number;
      /** What it works on now, as `aws:eks:NodeGroup dev-blue`; an empty text between two resources. */
      readonly current: string;
    }
  /** The command ends with this error; the CLI tells it, last. */
  | { readonly kind: "error"; readonly code: string; readonly message: string; readonly remedy: string }
  /**
   * A stretch of work around a rollout (installing tools, starting the sandbox, deploying): `rehearse`, `sandbox` and
   * `up` tell these.
   */
  | {
      readonly kind: "stage";
      readonly name: string;
      readonly status: "started" | "progress" | "finished" | "failed";
      readonly message: string;
      readonly seconds: number | null;
    }
  /** What the load client of a rehearsal saw so far. */
  | {
      readonly kind: "load";
      readonly sent: number;
      readonly failed: number;
      readonly requestsPerSecond: number;
      readonly byMember: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "rollout-finished";
      readonly outcome: Outcome;
      readonly placement: Placement;
      readonly seconds: number;
      readonly code: string | null;
      readonly message: string;
      readonly remedy: string | null;
    };

/** `at`: ISO 8601, UTC. */
export type DriverEvent = { readonly at: string } & DriverEventBody;
/** Is told each event as it happens; must not throw. */
export type EventSink = (event: DriverEventBody) => void;
