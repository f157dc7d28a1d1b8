/** Whether new pods are held back until the load balancer sees them healthy. */
import { listing } from "../../gates/gate-result";
import type { WorkloadReading } from "../../ports/readings";
import { shellQuote } from "../../text/kubectl";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import type { MemberInspection } from "../inspection";

/** `deployment`: kubectl up to the namespace, and the Deployment's name (null: the workload is somebody else's), for remedies. */
export function gateCheck(
  subject: string,
  workload: WorkloadReading,
  member: MemberInspection,
  bindings: readonly { readonly namespace: string; readonly name: string }[],
  byInstance: boolean,
  deployment: { readonly kubectl: string; readonly name: string | null },
): Check {
  const theirs = deployment.name === null;
  const restart = theirs
    ? "roll its pods where they are deployed from"
    : `${deployment.kubectl} rollout restart deployment ${shellQuote(deployment.name ?? "")}`;
  if (byInstance)
    return skipped("EBG-V-READINESS-GATES", subject, "instance targets are nodes: there are no gates for them");
  if (bindings.length === 0) return skipped("EBG-V-READINESS-GATES", subject, "not bound");
  if (workload.pods.length === 0) return skipped("EBG-V-READINESS-GATES", subject, "no pod runs");
  if (!workload.injectsReadinessGates)
    return bad(
      "EBG-V-READINESS-GATES",
      subject,
      "its namespace has no label elbv2.k8s.aws/pod-readiness-gate-inject=enabled",
      theirs
        ? `add the label where the namespace is deployed from, then ${restart}`
        : `${deployment.kubectl} label namespace ${shellQuote(bindings[0]?.namespace ?? "NAMESPACE")} ` +
            `elbv2.k8s.aws/pod-readiness-gate-inject=enabled, then roll the Deployment once: ${restart}`,
    );
  if (member.bindingTimes.kind === "unknown")
    return unknown(
      "EBG-V-READINESS-GATES",
      subject,
      member.bindingTimes.why,
      "let the driver's role list targetgroupbindings",
    );
  const times = member.bindingTimes.value;
  const lacking = (pod: WorkloadReading["pods"][number]): boolean =>
    bindings.some((binding) => !pod.readinessGates.includes(`target-health.elbv2.k8s.aws/${binding.name}`));
  const without = workload.pods.filter(lacking);
  if (without.length === 0) return ok("EBG-V-READINESS-GATES", subject, `all ${workload.pods.length} pods have them`);
  const bound = Math.max(...bindings.map((binding) => times[`${binding.namespace}/${binding.name}`] ?? 0));
  // Kubernetes writes whole seconds.
  const later = without.filter((pod) => pod.createdAt > bound + 1000);
  if (later.length > 0)
    return bad(
      "EBG-V-READINESS-GATES",
      subject,
      `${listing(later.map((pod) => pod.name))} were made after the binding, but have no gate: the controller's ` +
        "pod webhook did not answer",
      `look at the controller's mutating webhook mpod.elbv2.k8s.aws, then ${theirs ? "" : "roll the Deployment: "}${restart}`,
      { severity: "required" },
    );
  return bad(
    "EBG-V-READINESS-GATES",
    subject,
    `${without.length} of ${workload.pods.length} pods are older than the binding and have none; pods made from ` +
      "now on get them",
    `${restart}, behind healthy peers`,
  );
}
