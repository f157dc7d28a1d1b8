/**
 * One line of text for an event, for logs of CI systems; null for what a log need not hold. Notes that repeat are the
 * caller's to drop.
 */
import type { DriverEvent } from "../events";
import { counted } from "../text/sentences";
import { count, seconds } from "./format";
import { stepTitle } from "./step-title";

const clock = (at: string): string => at.slice(11, 19);

export function plainLine(event: DriverEvent): string | null {
  const text = plainText(event);
  return text === null ? null : `${clock(event.at)} ${text}`;
}

/** `stack dev-blue: 12 resources done, now aws:eks:NodeGroup dev-blue`. */
export function progressText({ stack, done, current }: DriverEvent & { readonly kind: "progress" }): string {
  return `stack ${stack}: ${counted(done, "resource")} done${current === "" ? "" : `, now ${current}`}`;
}

/** `hook register (before-admit green) failed, attempt 2: it ended with 1: no such cluster`. */
export function hookText(event: DriverEvent & { readonly kind: "hook" }): string {
  const { hook, point, member, status, attempt, message, seconds: took } = event;
  const how = status === "finished" ? "done" : status === "failed" ? "FAILED" : "runs";
  const count = attempt === 1 ? "" : `, attempt ${attempt}`;
  const time = took === null ? "" : ` after ${seconds(took)}`;
  return `hook ${hook} (${point} ${member}) ${how}${time}${count}${message === "" ? "" : `: ${message}`}`;
}

function plainText(event: DriverEvent): string | null {
  switch (event.kind) {
    case "stage":
      return event.status === "finished"
        ? `${event.name}: done in ${seconds(event.seconds ?? 0)}${event.message ? ` (${event.message})` : ""}`
        : event.status === "failed"
          ? `${event.name}: FAILED ${event.message}`
          : `${event.name}: ${event.message || "started"}`;
    case "stack":
      return (
        `stack ${event.stack}: ` +
        `${event.status}${event.seconds === null ? "" : ` in ${seconds(event.seconds)}`}${event.message ? ` (${event.message})` : ""}`
      );
    case "rollout-started":
      return (
        `rollout ${event.rolloutId}: ${event.environment} ${event.from ?? "?"} → ${event.to}, strategy ` +
        `${event.strategy}, ${event.steps.length} ` +
        `steps${event.resumed ? `, resumed after ${event.done}` : ""}${event.direction === "back" ? ", walking back" : ""}`
      );
    case "finding":
      return `${event.severity === "required" ? "PROBLEM" : "advice"} ${event.code}: ${event.message} → ${event.remedy}`;
    case "step-started":
      return `step ${event.index + 1}: ${stepTitle(event.step)}${event.resumed ? " (resumed)" : ""}`;
    case "phase-started":
      return `step ${event.index + 1}: ${event.phase}: ${event.message}`;
    case "phase-finished":
      return null;
    case "gate":
      return (
        `step ${event.index + 1}: gate ${event.gate} ${event.status}: ` +
        `${event.message}${event.remedy ? ` → ${event.remedy}` : ""}`
      );
    case "hook":
      return `step ${event.index + 1}: ${hookText(event)}`;
    case "step-finished":
      return `step ${event.index + 1}: ${stepTitle(event.step)} done in ${seconds(event.seconds)}`;
    case "walk-back":
      return `WALKING BACK (${event.code}): ${event.message}`;
    case "targets":
      return null;
    case "load":
      return `load: ${count(event.sent)} sent, ${count(event.failed)} failed, ${count(event.requestsPerSecond)}/s`;
    case "adoption":
      return `${event.service}: ${event.step} ${event.status}${event.message === "" ? "" : `: ${event.message}`}`;
    case "note":
    case "activity":
      return event.message;
    case "caller":
      return `${event.by} acts as ${event.arn ?? "AWS credentials without an ARN"}`;
    case "progress":
      return progressText(event);
    case "error":
      return `${event.code}: ${event.message} → ${event.remedy}`;
    case "rollout-finished":
      return `${event.outcome}: ${event.message} (${seconds(event.seconds)})${event.remedy ? ` → ${event.remedy}` : ""}`;
    default:
      event satisfies never;
      // From a driver of another version.
      return null;
  }
}
