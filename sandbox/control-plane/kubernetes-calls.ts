/** Calls of all API servers of a sandbox: what was asked, by whom, and which faults wait for them. */
import { CallFaults } from "../faults/call-faults";
import { checkFault, type KubernetesFaultSpec } from "../faults/spec";
import { SandboxError } from "../shared/errors";
import type { RequestAttributes } from "./request-attributes";

export interface KubernetesCall extends RequestAttributes {
  readonly cluster: string;
  readonly client: string;
}
export interface LoggedCall extends KubernetesCall {
  /** Rises by one per call. */
  readonly id: number;
  readonly at: string;
  /** 0: no answer was given. */
  readonly status: number;
  /** Until the answer began. */
  readonly ms: number;
  readonly fault: string | null;
}
/** How often something was asked. */
export interface SeenCall {
  readonly client: string;
  readonly verb: string;
  readonly resource: string;
  readonly calls: number;
}

const kept = 5_000;

/** `aws-load-balancer-controller/v3.5.0 (linux/amd64)` → the program's name. */
export const programOf = (userAgent: string): string => /^[\w.-]+/.exec(userAgent)?.[0] ?? "unknown";

function matches(fault: KubernetesFaultSpec, call: KubernetesCall): boolean {
  const is = (wanted: string, value: string): boolean => wanted === "*" || wanted === value;
  return (
    is(fault.cluster, call.cluster) &&
    is(fault.verb, call.verb) &&
    is(fault.resource, call.resource) &&
    (fault.client === undefined || call.client.startsWith(fault.client))
  );
}

function checked(spec: unknown): KubernetesFaultSpec {
  const fault = checkFault(spec);
  if (fault.on === "kubernetes") return fault;
  throw new SandboxError(
    "SBX-FAULT",
    `not a fault of Kubernetes: on ${fault.on ?? "aws"}`,
    "Give it to the sandbox's control endpoint.",
  );
}

export class KubernetesCalls {
  readonly faults = new CallFaults<KubernetesFaultSpec, KubernetesCall>(
    "kubernetes",
    checked,
    matches,
    ({ client, verb, resource }) => `${programOf(client)} ${verb} ${resource}`,
  );
  private readonly ring: LoggedCall[] = [];
  private readonly counts = new Map<string, { readonly call: Omit<SeenCall, "calls">; calls: number }>();
  private next = 1;

  log(call: KubernetesCall, status: number, ms: number, fault: string | null): void {
    this.ring.push({ id: this.next++, at: new Date().toISOString(), ...call, status, ms, fault });
    if (this.ring.length > kept) this.ring.splice(0, this.ring.length - kept);
    const client = programOf(call.client);
    const key = `${client} ${call.verb} ${call.resource}`;
    const count = this.counts.get(key) ?? { call: { client, verb: call.verb, resource: call.resource }, calls: 0 };
    count.calls += 1;
    this.counts.set(key, count);
  }

  /** Those with an id above `since`, oldest first. */
  list(since = 0): readonly LoggedCall[] {
    return this.ring.filter((one) => one.id > since);
  }

  /** Everything that was ever asked, sorted. */
  seen(): readonly SeenCall[] {
    return [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { call, calls }]) => ({ ...call, calls }));
  }
}
