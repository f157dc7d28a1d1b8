/**
 * Stable codes of everything the driver can refuse or fail with; docs/reference/errors.md explains each and the CLI maps them to
 * exit codes.
 */
export type DriverErrorCode =
  | "EBG-CONFIG"
  | "EBG-UNKNOWN-STACK"
  | "EBG-NO-PROJECT"
  | "EBG-TOOL-MISSING"
  | "EBG-CREDENTIALS"
  | "EBG-STACK-LOCKED"
  | "EBG-MEMBER-UNREACHABLE"
  | "EBG-FENCED"
  | "EBG-FOREIGN-STACK"
  | "EBG-CLAIM"
  | "EBG-HELD"
  | "EBG-RECORD-LOST"
  | "EBG-RECORD-INVALID"
  | "EBG-PENDING-CHANGES"
  | "EBG-PENDING-OPERATIONS"
  | "EBG-PLAN-REFUSED"
  | "EBG-PLAN-IMPOSSIBLE"
  | "EBG-PREFLIGHT"
  | "EBG-TEARDOWN"
  | "EBG-ROLLOUT-UNDER-WAY"
  | "EBG-PRIMARY"
  | "EBG-GATE"
  | "EBG-ADOPT"
  | "EBG-EVACUATE"
  | "EBG-DRIFT"
  | "EBG-HOOK"
  | "EBG-WALKED-BACK"
  | "EBG-UPDATE-FAILED"
  | "EBG-DEADLINE"
  | "EBG-STOPPED"
  | "EBG-AWS"
  | "EBG-KUBERNETES"
  | "EBG-INTERNAL";

/** Every failure of the driver: a stable code (docs/reference/errors.md), what happened, and what to do. */
export class DriverError extends Error {
  readonly code: DriverErrorCode;
  /** What the reader can do, with the command to type. */
  readonly remedy: string;
  constructor(code: DriverErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DriverError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** The record has another revision than this driver knows. */
export const overtaken = (now: number | undefined, known: number): DriverError =>
  new DriverError(
    "EBG-FENCED",
    `somebody else has moved on: the record is at revision ${now ?? "unknown"}, this driver knows ${known}`,
    "look at eks-blue-green status; if no other driver runs, run the same command again",
  );
