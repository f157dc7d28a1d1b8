/** Stable exit codes of the CLI; docs/reference/errors.md has the same table. */
import type { DriverErrorCode } from "../errors";
import type { Outcome } from "../events";
import type { Verdict } from "../verify/report";

export const exitCodes = {
  done: 0,
  unexpected: 1,
  usageOrConfig: 2,
  surroundings: 3,
  refused: 4,
  walkedBack: 5,
  stopped: 6,
  failed: 7,
  requestsLost: 8,
  findings: 9,
  notSeen: 10,
  leftovers: 11,
} as const;

/** Done, or nothing to do, while something was seen to be wrong (then it has a code) is no success for a pipeline. */
export function exitCodeOfResult({
  outcome,
  code,
}: {
  readonly outcome: Outcome;
  readonly code: string | null;
}): number {
  switch (outcome) {
    case "done":
    case "nothing-to-do":
      return code === null ? exitCodes.done : exitCodes.findings;
    case "walked-back":
      return exitCodes.walkedBack;
    case "stopped":
      return exitCodes.stopped;
    case "failed":
      return exitCodes.failed;
    default:
      return outcome satisfies never;
  }
}

export function exitCodeOfVerdict(verdict: Verdict): number {
  switch (verdict) {
    case "good":
      return exitCodes.done;
    case "findings":
      return exitCodes.findings;
    case "unknown":
      return exitCodes.notSeen;
    default:
      return verdict satisfies never;
  }
}

const byCode: Readonly<Record<DriverErrorCode, number>> = {
  "EBG-CONFIG": exitCodes.usageOrConfig,
  "EBG-PLAN-IMPOSSIBLE": exitCodes.usageOrConfig,
  "EBG-UNKNOWN-STACK": exitCodes.surroundings,
  "EBG-NO-PROJECT": exitCodes.surroundings,
  "EBG-TOOL-MISSING": exitCodes.surroundings,
  "EBG-CREDENTIALS": exitCodes.surroundings,
  "EBG-STACK-LOCKED": exitCodes.refused,
  "EBG-MEMBER-UNREACHABLE": exitCodes.refused,
  "EBG-FENCED": exitCodes.refused,
  "EBG-FOREIGN-STACK": exitCodes.refused,
  "EBG-CLAIM": exitCodes.failed,
  "EBG-HELD": exitCodes.stopped,
  "EBG-RECORD-LOST": exitCodes.refused,
  "EBG-RECORD-INVALID": exitCodes.refused,
  "EBG-PENDING-CHANGES": exitCodes.refused,
  "EBG-PENDING-OPERATIONS": exitCodes.refused,
  "EBG-PLAN-REFUSED": exitCodes.refused,
  "EBG-PREFLIGHT": exitCodes.refused,
  "EBG-ROLLOUT-UNDER-WAY": exitCodes.refused,
  "EBG-TEARDOWN": exitCodes.refused,
  "EBG-PRIMARY": exitCodes.refused,
  "EBG-EVACUATE": exitCodes.refused,
  "EBG-ADOPT": exitCodes.refused,
  "EBG-DRIFT": exitCodes.refused,
  "EBG-WALKED-BACK": exitCodes.walkedBack,
  "EBG-STOPPED": exitCodes.stopped,
  "EBG-HOOK": exitCodes.stopped,
  "EBG-GATE": exitCodes.failed,
  "EBG-UPDATE-FAILED": exitCodes.failed,
  "EBG-DEADLINE": exitCodes.failed,
  "EBG-AWS": exitCodes.failed,
  "EBG-KUBERNETES": exitCodes.failed,
  "EBG-INTERNAL": exitCodes.unexpected,
};

/** An error with a code of ours, whichever part threw it (the sandbox's have the same shape). */
export interface CodedError extends Error {
  readonly code: string;
  readonly remedy: string;
}

export function isCoded(error: unknown): error is CodedError {
  return (
    error instanceof Error &&
    typeof (error as Partial<CodedError>).code === "string" &&
    typeof (error as Partial<CodedError>).remedy === "string"
  );
}

export function exitCodeOfError(error: unknown): number {
  if (!isCoded(error)) return exitCodes.unexpected;
  if (error.code.startsWith("SBX-")) return exitCodes.surroundings;
  return byCode[error.code as DriverErrorCode] ?? exitCodes.unexpected;
}
