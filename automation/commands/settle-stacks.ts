/** Before a command looks at the world: what a killed driver or engine left behind is put in order. */
import { DriverError } from "../errors";
import { readFamily, type Family } from "../environment/state";
import type { Finding } from "../finding";
import type { Ports, StackRef } from "../ports";
import type { UpgradeRun } from "./upgrade";

/**
 * The family after whatever a killed driver or engine left behind is in order; what can't be put in order is a finding.
 */
export async function settledFamily(ports: Ports, run: UpgradeRun, family: Family): Promise<Family> {
  const { placement, intent } = family.record;
  const members = Object.keys(placement).filter(
    (name) =>
      (placement[name]?.role !== "absent" || intent?.move.member === name) && family.foreign[name] === undefined,
  );
  const stacks: StackRef[] = [
    { kind: "environment" },
    ...members.map((member) => ({ kind: "member", member }) as const),
  ];
  const results = await Promise.allSettled(stacks.map((stack) => ports.pulumi.settle(stack)));
  const findings = results.flatMap((result, index): Finding[] => {
    if (result.status === "fulfilled") return [];
    const stack = stacks[index];
    // An evacuated cluster may be gone for good; what is open in its stack is looked at when it is acted on.
    const severity =
      stack?.kind === "member" && placement[stack.member]?.evacuated !== undefined ? "recommended" : "required";
    const error: unknown = result.reason;
    if (!(error instanceof DriverError)) throw error;
    return [{ code: error.code, severity, message: error.message, remedy: error.remedy }];
  });
  report(findings, run);
  // An engine that was waited for may have changed outputs as well.
  const changed = results.some((result) => result.status === "fulfilled" && result.value !== null);
  return !changed ? family : await readFamily(ports, run.environment);
}

/** @throws EBG-PREFLIGHT (or the code of the only required finding) */
export function report(findings: readonly Finding[], run: Pick<UpgradeRun, "emit">): void {
  for (const finding of findings) run.emit({ kind: "finding", ...finding });
  const required = findings.filter((finding) => finding.severity === "required");
  const [first, ...others] = required;
  if (first === undefined) return;
  const code = others.every((finding) => finding.code === first.code) ? first.code : "EBG-PREFLIGHT";
  throw new DriverError(code, required.map((finding) => finding.message).join("\n"), first.remedy);
}
