/**
 * Which step of an adoption comes next, given what was seen. Pure. The order is the one that a real controller survives
 * (docs/reference/controller-behaviour.md): each
 * step is begun only when all that the earlier ones changed is seen to be so, whoever changed it, so that every kill
 * point resumes.
 */
import { adoptionSteps, type Adoption, type AdoptionStep } from "../../stacks/record/adoption";
import type { DriverErrorCode } from "../errors";
import { shell } from "../text/shell";

export type AdoptAction =
  | "release-service"
  | "remove-finalizer"
  | "restart-controller"
  | "remove-tags"
  | "remove-labels"
  | "import-environment"
  | "import-primary"
  | "drop-annotations"
  | "forget-imports"
  | "add-labels"
  | "add-tags"
  | "restart-controller-again"
  | "give-service-back";

export type AdoptDecision =
  | { readonly kind: "act"; readonly action: AdoptAction }
  /** The step's work is seen: the record says the next before it is begun. */
  | { readonly kind: "advance"; readonly step: AdoptionStep }
  | { readonly kind: "wait"; readonly message: string; readonly memory: AdoptMemory }
  | { readonly kind: "turn-back"; readonly reason: string; readonly step: AdoptionStep }
  | { readonly kind: "stop"; readonly code: DriverErrorCode; readonly message: string; readonly remedy: string }
  | { readonly kind: "done" }
  | { readonly kind: "undone" };

export interface AdoptLook {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Why the primary's API server did not answer; null when it did. */
  readonly unreachable: string | null;
  /**
   * Why AWS or the backend did not tell something, so that the rest of the look is no ground for anything; null: they
   * told all.
   */
  readonly unseen: string | null;
  readonly service: {
    readonly type: string;
    readonly loadBalancerClass: string | null;
    readonly typeAnnotation: boolean;
    readonly finalizer: boolean;
    readonly deleting: boolean;
  } | null;
  /** `restart`: the token of the last restart that the driver asked for. */
  readonly controller: { readonly available: boolean; readonly restart: string | null };
  /**
   * Bindings of the load balancer on the primary that still, or again, have the controller's labels, those without, and
   * those that are gone.
   */
  readonly bindings: {
    readonly labelled: number;
    readonly unlabelled: number;
    readonly missing: readonly string[];
    readonly deleting: number;
  };
  /** Resources that carry tags of the controller, and those that carried them before and don't now. */
  readonly tags: { readonly left: number; readonly missing: number };
  readonly loadBalancer: "there" | "gone";
  /**
   * Targets of before whose pods are still ready (or whose member does not answer) and which are not registered or not
   * healthy any more.
   */
  readonly lostTargets: readonly string[];
  readonly failedProbe: string | null;
  /** The record has the load balancer as the stack's. */
  readonly environmentOwns: boolean;
  /** Going back: whether the stacks' states may still hold what they imported. */
  readonly imported: boolean;
  /** The primary's stack has its bindings as its own. */
  readonly primaryOwns: boolean;
  /** The primary's stack still declares the Service's load-balancer annotations. */
  readonly annotations: "declared" | "dropped";
}

/** Since when the present step's condition has held, for the looks that must be repeated. */
export interface AdoptMemory {
  readonly step: AdoptionStep;
  readonly heldSince: number | null;
  readonly badSince: number | null;
}
export const freshAdoptMemory = (step: AdoptionStep): AdoptMemory => ({ step, heldSince: null, badSince: null });

export interface AdoptTimes {
  /** Longest time that a reconcile in flight may still write. */
  readonly reconcileMs: number;
  /**
   * How long targets or probes may look bad before it counts: a look in the middle of a pod's replacement is no loss.
   */
  readonly toleratedMs: number;
}

/** Tokens of the two restarts, so that a resumed driver knows whether its restart was done. */
export const restartToken = (adoption: Pick<Adoption, "startedAt" | "service">, back: boolean): string =>
  `${adoption.service}/${adoption.startedAt}${back ? "/back" : ""}`;

/**
 * With it a Service is the controller's whatever its type is (the controller's gate ServiceTypeLoadBalancerOnly is off
 * by default).
 */
export const typeAnnotation = "service.beta.kubernetes.io/aws-load-balancer-type";

const after = (step: AdoptionStep, other: AdoptionStep): boolean =>
  adoptionSteps.indexOf(step as never) > adoptionSteps.indexOf(other as never);
/**
 * The primary's bindings are the stack's: what is left is taking the annotations off, so a failure is repeated, not
 * undone.
 */
const isPastUndo = (look: AdoptLook): boolean => look.primaryOwns;

/**
 * Neither type, class, annotation nor finalizer: the controller does not look at it (its ServiceTypeLoadBalancerOnly
 * gate is off by default, so the annotation counts).
 */
export const isReleased = (service: AdoptLook["service"]): boolean =>
  service !== null && service.type !== "LoadBalancer" && service.loadBalancerClass === null && !service.typeAnnotation;

const stop = (code: DriverErrorCode, message: string, remedy: string): AdoptDecision => ({
  kind: "stop",
  code,
  message,
  remedy,
});

/** Where the way back begins: what was never done needs no undoing. */
export function undoFrom(step: AdoptionStep): AdoptionStep {
  // An update that failed may have imported some of it already.
  if (after(step, "unlabel")) return "forget";
  return after(step, "restart") ? "relabel" : "unrelease";
}

/** What is wrong whatever the step is; null when nothing is. */
function alarm(adoption: Adoption, look: AdoptLook, memory: AdoptMemory, times: AdoptTimes): AdoptDecision | null {
  if (look.unreachable !== null)
    return stop(
      "EBG-MEMBER-UNREACHABLE",
      `adopting '${adoption.service}' stands before '${adoption.step}': ${look.unreachable}`,
      "nothing is lost while it stands there; bring the API server back and run the same command again",
    );
  if (look.unseen !== null) return { kind: "wait", message: look.unseen, memory };
  if (look.loadBalancer === "gone")
    return stop(
      "EBG-ADOPT",
      `the load balancer of '${adoption.service}' is gone (at '${adoption.step}')`,
      "find out in CloudTrail who deleted it; `eks-blue-green status` shows what is left",
    );
  if (look.service === null || look.service.deleting)
    return stop(
      "EBG-ADOPT",
      `the Service ${nameOf(adoption)} ${look.service === null ? "is gone" : "is being deleted"}: its targets ` +
        "leave with it",
      "make it again as it was, then run the same command again",
    );
  const bad =
    look.bindings.missing.length > 0 || look.bindings.deleting > 0
      ? `the binding ${look.bindings.missing.join(", ")} is gone or being deleted`
      : look.lostTargets.length > 0
        ? `targets left or are not healthy: ${look.lostTargets.slice(0, 4).join(", ")}`
        : look.failedProbe;
  if (bad === null) return null;
  const badSince = memory.badSince ?? look.at;
  if (look.at - badSince < times.toleratedMs) return { kind: "wait", message: bad, memory: { ...memory, badSince } };
  if (adoption.direction === "back") return null;
  return isPastUndo(look)
    ? stop(
        "EBG-GATE",
        `${bad} (at '${adoption.step}'; the stacks have the load balancer and its bindings already)`,
        "eks-blue-green status; then run the same command again",
      )
    : { kind: "turn-back", reason: bad, step: undoFrom(adoption.step) };
}

const nameOf = (adoption: Adoption): string => `${adoption.before.namespace}/${adoption.before.name}`;

function held(
  adoption: Adoption,
  look: AdoptLook,
  memory: AdoptMemory,
  times: AdoptTimes,
  next: AdoptionStep,
  message: string,
): AdoptDecision {
  const heldSince = memory.step === adoption.step && memory.heldSince !== null ? memory.heldSince : look.at;
  if (look.at - heldSince >= times.reconcileMs) return { kind: "advance", step: next };
  return { kind: "wait", message, memory: { step: adoption.step, heldSince, badSince: null } };
}

/** Decides one round. */
export function decideAdoption(
  adoption: Adoption,
  look: AdoptLook,
  memory: AdoptMemory,
  times: AdoptTimes,
): AdoptDecision {
  const raised = alarm(adoption, look, memory, times);
  if (raised !== null) return raised;
  const calm: AdoptMemory = { ...memory, step: adoption.step, badSince: null };
  return adoption.direction === "forward" ? forward(adoption, look, calm, memory, times) : back(adoption, look, calm);
}

function forward(
  adoption: Adoption,
  look: AdoptLook,
  calm: AdoptMemory,
  memory: AdoptMemory,
  times: AdoptTimes,
): AdoptDecision {
  const act = (action: AdoptAction): AdoptDecision => ({ kind: "act", action });
  const { service, controller, tags, bindings } = look;
  const released = isReleased(service);
  // Whatever comes after the first patch destroys load balancers when the Service is the controller's again.
  if (after(adoption.step, "release") && !released)
    return owned(adoption, look, "the Service was made a load balancer's again by somebody else");
  if (after(adoption.step, "settle") && service?.finalizer)
    return owned(adoption, look, "the controller has put its finalizer back");
  switch (adoption.step) {
    case "release":
      return released && !service?.finalizer ? { kind: "advance", step: "settle" } : act("release-service");
    case "settle":
      if (service?.finalizer) return act("remove-finalizer");
      return held(
        adoption,
        look,
        memory,
        times,
        "restart",
        "a reconcile that was under way may still put the finalizer back",
      );
    case "restart":
      if (controller.restart !== restartToken(adoption, false)) return act("restart-controller");
      if (!controller.available)
        return { kind: "wait", message: "the controller starts anew", memory: { ...calm, heldSince: null } };
      return held(adoption, look, memory, times, "untag", "the new controller must leave everything as it is");
    case "untag":
      return tags.left > 0 ? act("remove-tags") : { kind: "advance", step: "unlabel" };
    case "unlabel":
      if (tags.left > 0) return { kind: "turn-back", reason: "the controller's tags are back", step: "relabel" };
      return bindings.labelled > 0 ? act("remove-labels") : { kind: "advance", step: "import-environment" };
    case "import-environment":
      if (!look.environmentOwns && bindings.labelled > 0)
        return { kind: "turn-back", reason: "the binding has the controller's labels again", step: "forget" };
      return look.environmentOwns ? { kind: "advance", step: "import-primary" } : act("import-environment");
    case "import-primary":
      return look.primaryOwns ? { kind: "advance", step: "annotations" } : act("import-primary");
    case "annotations":
      return look.annotations === "declared" ? act("drop-annotations") : { kind: "done" };
    case "forget":
    case "relabel":
    case "retag":
    case "restart-again":
    case "unrelease":
      return stop(
        "EBG-RECORD-INVALID",
        `the record says '${adoption.step}' forward`,
        "restore the record from a state backup (docs/how-to/runbook.md)",
      );
    default:
      return adoption.step satisfies never;
  }
}

function owned(adoption: Adoption, look: AdoptLook, reason: string): AdoptDecision {
  if (isPastUndo(look))
    return stop(
      "EBG-ADOPT",
      `${reason}, after the stack has taken the load balancer over: the controller would make a second one`,
      "keep whatever changes the Service (a GitOps tool, a chart) from doing so; make it a ClusterIP again, on " +
        `${adoption.member}: ` +
        shell`kubectl -n ${adoption.before.namespace} patch service ${adoption.before.name} --type ` +
        `merge -p '{"spec":{"type":"ClusterIP"}}'; then run the same command again`,
    );
  return { kind: "turn-back", reason, step: undoFrom(adoption.step) };
}

/**
 * The stacks let go first; annotations are still there; then labels, tags, a restart (the controller keeps tags for 20
 * minutes), and the Service last.
 */
function back(adoption: Adoption, look: AdoptLook, calm: AdoptMemory): AdoptDecision {
  const { bindings, tags, controller, service } = look;
  switch (adoption.step) {
    case "forget":
      return look.environmentOwns || look.imported
        ? { kind: "act", action: "forget-imports" }
        : { kind: "advance", step: "relabel" };
    case "relabel":
      return bindings.unlabelled > 0 ? { kind: "act", action: "add-labels" } : { kind: "advance", step: "retag" };
    case "retag":
      return tags.missing > 0 ? { kind: "act", action: "add-tags" } : { kind: "advance", step: "restart-again" };
    case "restart-again":
      if (controller.restart !== restartToken(adoption, true))
        return { kind: "act", action: "restart-controller-again" };
      return controller.available
        ? { kind: "advance", step: "unrelease" }
        : { kind: "wait", message: "the controller starts anew", memory: calm };
    case "unrelease":
      if (
        service?.type !== "LoadBalancer" ||
        service.loadBalancerClass !== adoption.before.loadBalancerClass ||
        (!service.typeAnnotation && adoption.before.annotations[typeAnnotation] !== undefined)
      )
        return { kind: "act", action: "give-service-back" };
      return service.finalizer
        ? { kind: "undone" }
        : { kind: "wait", message: "the controller takes the Service back", memory: calm };
    case "release":
    case "settle":
    case "restart":
    case "untag":
    case "unlabel":
    case "import-environment":
    case "import-primary":
    case "annotations":
      return stop(
        "EBG-RECORD-INVALID",
        `the record says '${adoption.step}' backward`,
        "restore the record from a state backup (docs/how-to/runbook.md)",
      );
    default:
      return adoption.step satisfies never;
  }
}
