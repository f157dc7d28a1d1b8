/** Everything that can be broken in a sandbox, as data. docs/reference/faults.md has the same as a table. */
import { SandboxError } from "../shared/errors";

export type CallFaultKind = "throttle" | "error" | "delay" | "lost-answer" | "timeout";

/** What happens to a call, of AWS or of an API server. */
export interface CallFault {
  readonly kind: CallFaultKind;
  /** HTTP status for `error` (default 500). */
  readonly status?: number;
  /**
   * Real milliseconds: for `delay` how long the call is held before it is done (default 1000), or until the fault is
   * removed; for `timeout` how long the connection stays silent before it is cut (default 120 000).
   */
  readonly ms?: number;
  /** How many calls it hits; for ever when left out. */
  readonly count?: number;
  /**
   * What `count` and `skip` count: all matching calls together (`all`, the default), or those of each operation, of AWS
   * or of one client at the API servers, on their own (`operation`).
   */
  readonly countPer?: "all" | "operation";
  /** How many matching calls pass before it begins to hit (default 0). */
  readonly skip?: number;
  /** Chance per call, 0 to 1 (default 1). */
  readonly probability?: number;
}
export interface AwsFaultSpec extends CallFault {
  readonly on?: "aws";
  /** `elasticloadbalancing:RegisterTargets`, `eks:*` or `*`. */
  readonly operation: string;
  /** AWS error code for `error` (default InternalFailure). */
  readonly code?: string;
  readonly message?: string;
}
export interface KubernetesFaultSpec extends CallFault {
  readonly on: "kubernetes";
  /** Name of the EKS cluster, or `*`. It need not be there yet. */
  readonly cluster: string;
  /** As in RBAC: get, list, watch, create, update, patch, delete, deletecollection; or `*`. */
  readonly verb: string;
  /**
   * As in RBAC: `deployments`, `targetgroupbindings`, `pods/status`; a path (`/readyz`) for what is no resource; or
   * `*`.
   */
  readonly resource: string;
  /**
   * Only calls whose user agent begins so: `eks-blue-green` (driver), `pulumi-kubernetes` (provider),
   * `aws-load-balancer-controller`, `kubectl`.
   */
  readonly client?: string;
}
/** Gone until the fault is removed: connections are refused. */
export interface ApiServerFaultSpec {
  readonly on: "api-server";
  readonly cluster: string;
  readonly kind: "down";
}
/**
 * `crash`: killed once, its pod starts it again. `down`: killed, and not started until the fault is removed. `pause`:
 * stopped (SIGSTOP), goes on when the fault is removed. `no-credentials`: the pods that run, else the first ones that
 * come, have none for AWS, as pods have that were admitted before EKS knew of their association; pods that are made
 * after them have.
 */
export interface ControllerFaultSpec {
  readonly on: "controller";
  readonly cluster: string;
  readonly kind: "crash" | "down" | "pause" | "no-credentials";
}
/** Its pods die with reset sockets, its kubelet is silent and it is NotReady, until the fault is removed. */
export interface NodeFaultSpec {
  readonly on: "node";
  readonly cluster: string;
  /** Name of the Node; the first by name when left out. */ readonly node?: string;
  readonly kind: "down";
}

/**
 * `crash`: killed once, now. The others are rules: they hold for pods that come later too, until the fault is removed.
 * `no-credentials`: pods that are made get none of their role's, as if EKS did not know of the association; those that
 * run keep what they have.
 */
export type PodFaultKind = "crash" | "crash-loop" | "slow" | "answer" | "unready" | "no-credentials";
export interface PodFaultSpec {
  readonly on: "pods";
  /** Name of the EKS cluster, or `*`. Rules may name one that is not there yet. */
  readonly cluster: string;
  /** Label `app.kubernetes.io/name` or `app` of the pods, or the beginning of their names; or `*`. */
  readonly service: string;
  readonly kind: PodFaultKind;
  /** At most so many pods of each cluster; all when left out. */
  readonly pods?: number;
  /** For `slow`: real milliseconds before each answer (default 1000). */
  readonly ms?: number;
  /** For `answer`: the status (default 500). */
  readonly status?: number;
  /**
   * `answer`, `slow`: only so many real seconds after the pod's first request that is no health check. `crash-loop`:
   * how long each process lives after that request (default 0).
   */
  readonly afterSeconds?: number;
  /**
   * For `answer`, `slow`: whether the path of the pod's health checks stays as it was (`good`, the default) or is hit
   * as well (`bad`).
   */
  readonly health?: "good" | "bad";
}
/**
 * Deregistered behind the controllers' backs, as somebody at the console would; nothing puts them back when the fault
 * is removed.
 */
export interface TargetsFaultSpec {
  readonly on: "targets";
  /** Name of the target group, or `*`. */ readonly group: string;
  /** Only addresses that begin so. */ readonly address?: string;
  readonly kind: "removed";
  /** At most so many; all when left out. */ readonly count?: number;
}

/** The chart repository: connections to it are cut until the fault is removed. */
export interface ChartsFaultSpec {
  readonly on: "charts";
  readonly kind: "down";
}

export type FaultSpec =
  | AwsFaultSpec
  | KubernetesFaultSpec
  | ApiServerFaultSpec
  | ControllerFaultSpec
  | NodeFaultSpec
  | PodFaultSpec
  | TargetsFaultSpec
  | ChartsFaultSpec;
export type FaultOn = NonNullable<FaultSpec["on"]>;

/** A fault as the sandbox lists it. */
export interface ListedFault {
  readonly id: string;
  /** As `--fault` takes it. */
  readonly text: string;
  /**
   * `armed`: waits for something to hit, or hits again and again. `active`: something is broken until it is removed.
   * `spent`: did its work.
   */
  readonly state: "armed" | "active" | "spent";
  readonly hits: number;
  /** With `countPer=operation`: how often each was hit. */
  readonly operations?: Readonly<Record<string, number>>;
}

type Check = { readonly is: string; readonly test: (value: unknown) => boolean };
const text = (pattern: RegExp, is: string): Check => ({
  is,
  test: (value) => typeof value === "string" && pattern.test(value),
});
const whole = (least: number, most: number): Check => ({
  is: `a whole number from ${least} to ${most}`,
  test: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});
const number = (least: number, most: number): Check => ({
  is: `a number from ${least} to ${most}`,
  test: (value) => typeof value === "number" && value >= least && value <= most,
});
const oneOf = (...values: string[]): Check => ({
  is: `one of ${values.join(", ")}`,
  test: (value) => typeof value === "string" && values.includes(value),
});

const call = {
  status: whole(400, 599),
  ms: whole(0, 3_600_000),
  count: whole(1, 1_000_000),
  countPer: oneOf("all", "operation"),
  skip: whole(0, 1_000_000),
  probability: {
    is: "a number above 0, at most 1",
    test: (value: unknown) => typeof value === "number" && value > 0 && value <= 1,
  },
};
const callKinds = oneOf("throttle", "error", "delay", "lost-answer", "timeout");
const cluster = text(/^(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,99})$/, "the name of an EKS cluster, or *");
const name = (is: string): Check => text(/^(\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,252})$/, is);

interface Shape {
  readonly kinds: Check;
  readonly required: Readonly<Record<string, Check>>;
  readonly optional: Readonly<Record<string, Check>>;
}
/** What each `on` takes: the texts after its colons in order, its kinds, and its options. */
export const shapes: Readonly<Record<FaultOn, Shape>> = {
  aws: {
    kinds: callKinds,
    required: { operation: text(/^(\*|[a-z0-9*-]+(:[A-Za-z0-9*]+)?)$/, "SERVICE:Action, SERVICE:* or *") },
    optional: {
      ...call,
      code: text(/^[A-Za-z0-9.]{1,100}$/, "an AWS error code"),
      message: text(/^[\s\S]{1,500}$/, "a text"),
    },
  },
  kubernetes: {
    kinds: callKinds,
    required: {
      cluster,
      verb: oneOf("*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
      resource: text(
        /^(\*|[a-z0-9.*-]+(\/[a-z0-9*-]+)?|\/[\w./*-]*)$/,
        "a resource in the plural (pods, pods/status), a path that begins with /, or *",
      ),
    },
    optional: { ...call, client: text(/^[\w./-]{1,100}$/, "the beginning of a user agent") },
  },
  "api-server": { kinds: oneOf("down"), required: { cluster }, optional: {} },
  controller: { kinds: oneOf("crash", "down", "pause", "no-credentials"), required: { cluster }, optional: {} },
  node: { kinds: oneOf("down"), required: { cluster }, optional: { node: name("the name of a Node") } },
  pods: {
    kinds: oneOf("crash", "crash-loop", "slow", "answer", "unready", "no-credentials"),
    required: { cluster, service: name("a service's name, or *") },
    optional: {
      pods: whole(1, 10_000),
      ms: whole(0, 3_600_000),
      status: whole(200, 599),
      afterSeconds: number(0, 86_400),
      health: oneOf("good", "bad"),
    },
  },
  targets: {
    kinds: oneOf("removed"),
    required: { group: name("a target group's name, or *") },
    optional: { address: text(/^[0-9.]{1,15}$/, "the beginning of an IPv4 address"), count: whole(1, 10_000) },
  },
  charts: { kinds: oneOf("down"), required: {}, optional: {} },
};

function bad(what: string, allowed: string): never {
  throw new SandboxError("SBX-FAULT", `not a fault: ${what}`, `${allowed} docs/reference/faults.md has the table.`);
}

/** @throws SBX-FAULT, which names what is wrong and what is allowed */
export function checkFault(value: unknown): FaultSpec {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return bad("it must be an object", `Give {"on": one of ${Object.keys(shapes).join(", ")}, "kind": …}.`);
  const fault = value as Record<string, unknown>;
  const on = fault["on"] ?? "aws";
  const shape =
    typeof on === "string" && Object.hasOwn(shapes, on)
      ? shapes[on as FaultOn]
      : bad(`on ${JSON.stringify(on)}`, `"on" is one of ${Object.keys(shapes).join(", ")}.`);
  const fields = { kind: shape.kinds, ...shape.required, ...shape.optional };
  const allowed = `A fault on ${on as string} takes: ${Object.entries(fields)
    .map(([key, check]) => `${key} (${check.is})`)
    .join("; ")}.`;
  for (const key of Object.keys(fault))
    if (key !== "on" && !Object.hasOwn(fields, key))
      bad(`${key} means nothing ${on === "aws" ? "to AWS" : `on ${on as string}`}`, allowed);
  for (const key of ["kind", ...Object.keys(shape.required)])
    if (fault[key] === undefined) bad(`${key} is missing`, allowed);
  for (const [key, check] of Object.entries(fields))
    if (fault[key] !== undefined && !check.test(fault[key]))
      bad(`${key} ${JSON.stringify(fault[key])} is not ${check.is}`, allowed);
  return { ...fault, on } as FaultSpec;
}
