/** Faults that a test or a person puts between a caller and an operation. */
import { SandboxError } from "../errors";

export type FaultKind = "throttle" | "error" | "delay" | "lost-answer" | "timeout";
const kinds: readonly string[] = ["throttle", "error", "delay", "lost-answer", "timeout"] satisfies readonly FaultKind[];

export interface FaultSpec {
  /** `elasticloadbalancing:RegisterTargets`, `eks:*` or `*`. */
  readonly operation: string;
  readonly kind: FaultKind;
  /** AWS error code for `error` (default InternalFailure). */
  readonly code?: string;
  readonly message?: string;
  /** HTTP status for `error` (default 500). */
  readonly status?: number;
  /** Real milliseconds: for `delay` how long the call is held before it is done (default 1000); for `timeout` how long the connection stays silent before it is cut (default 120 000). */
  readonly ms?: number;
  /** How many calls it hits; for ever when left out. */
  readonly count?: number;
  /** Chance per call, 0 to 1 (default 1). */
  readonly probability?: number;
}
export interface Fault extends FaultSpec { readonly id: string; readonly hits: number }

export class Faults {
  private readonly all = new Map<string, Fault>();
  private next = 1;
  constructor(private readonly random: () => number = Math.random) {}

  list(): readonly Fault[] {
    return [...this.all.values()];
  }

  add(spec: unknown): Fault {
    const fault = { ...checked(spec), id: `fault-${this.next++}`, hits: 0 };
    this.all.set(fault.id, fault);
    return fault;
  }

  remove(id: string): boolean {
    return this.all.delete(id);
  }

  /** The first fault that hits this call; counts the hit, and drops one that is used up. */
  take(service: string, action: string): Fault | null {
    for (const fault of this.all.values()) {
      if (!matches(fault.operation, service, action)) continue;
      if (fault.probability !== undefined && this.random() >= fault.probability) continue;
      const hit = { ...fault, hits: fault.hits + 1 };
      if (fault.count !== undefined && hit.hits >= fault.count) this.all.delete(fault.id);
      else this.all.set(fault.id, hit);
      return hit;
    }
    return null;
  }
}

const aliases: Readonly<Record<string, string>> = { elbv2: "elasticloadbalancing" };

export function matches(pattern: string, service: string, action: string): boolean {
  if (pattern === "*") return true;
  const [wantedService = "", wantedAction = "*"] = pattern.split(":");
  return (wantedService === "*" || (aliases[wantedService] ?? wantedService) === service) && (wantedAction === "*" || wantedAction === action);
}

function checked(spec: unknown): FaultSpec {
  const fault = spec as Partial<FaultSpec> | null;
  const bad = (what: string): never => {
    throw new SandboxError("SBX-FAULT", `not a fault: ${what}`, 'Give {"operation": "SERVICE:Action" or "*", "kind": "throttle|error|delay|lost-answer|timeout", "count"?, "probability"?, "ms"?, "code"?, "status"?}.');
  };
  if (typeof fault !== "object" || fault === null) return bad("it must be an object");
  if (typeof fault.operation !== "string" || !/^(\*|[a-z0-9*-]+(:[A-Za-z0-9*]+)?)$/.test(fault.operation)) return bad(`operation ${JSON.stringify(fault.operation)}`);
  if (typeof fault.kind !== "string" || !kinds.includes(fault.kind)) return bad(`kind ${JSON.stringify(fault.kind)}`);
  if (fault.count !== undefined && !(Number.isInteger(fault.count) && fault.count > 0)) return bad(`count ${JSON.stringify(fault.count)}`);
  if (fault.probability !== undefined && !(fault.probability > 0 && fault.probability <= 1)) return bad(`probability ${JSON.stringify(fault.probability)}`);
  if (fault.ms !== undefined && !(fault.ms >= 0)) return bad(`ms ${JSON.stringify(fault.ms)}`);
  if (fault.status !== undefined && !(Number.isInteger(fault.status) && fault.status >= 400 && fault.status <= 599)) return bad(`status ${JSON.stringify(fault.status)}`);
  return fault as FaultSpec;
}
