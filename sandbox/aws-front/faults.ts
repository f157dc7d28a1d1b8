/** Faults that a test or a person puts between a caller and an AWS operation. */
import { CallFaults, type Armed } from "../faults/call-faults";
import { checkFault, type AwsFaultSpec } from "../faults/spec";
import { SandboxError } from "../shared/errors";

export type FaultSpec = AwsFaultSpec;
export type Fault = Armed<AwsFaultSpec>;
interface Call {
  readonly service: string;
  readonly action: string;
}

const aliases: Readonly<Record<string, string>> = { elbv2: "elasticloadbalancing" };

export function matches(pattern: string, service: string, action: string): boolean {
  if (pattern === "*") return true;
  const [wantedService = "", wantedAction = "*"] = pattern.split(":");
  return (
    (wantedService === "*" || (aliases[wantedService] ?? wantedService) === service) &&
    (wantedAction === "*" || wantedAction === action)
  );
}

function checked(spec: unknown): AwsFaultSpec {
  const fault = checkFault(spec);
  if (fault.on === undefined || fault.on === "aws") return fault as AwsFaultSpec;
  throw new SandboxError(
    "SBX-FAULT",
    `not a fault of AWS: on ${fault.on}`,
    "Give it to the sandbox's control endpoint.",
  );
}

export class Faults extends CallFaults<AwsFaultSpec, Call> {
  constructor(random: () => number = Math.random) {
    super(
      "fault",
      checked,
      (fault, { service, action }) => matches(fault.operation, service, action),
      ({ service, action }) => `${service}:${action}`,
      random,
    );
  }
}
