/** Members and their controllers: does the API server answer, is the CRD new enough, does the controller run? */
import { controllerVersions } from "../../../components/internal/aws-limits";
import { clusterNameOf } from "../../../stacks/config/target-groups";
import { kubectl } from "../../text/kubectl";
import { bad, ok, unknown, type Check } from "../catalog";
import type { Inspection } from "../inspection";
import { shell } from "../../text/shell";

const newer =
  "upgrade the AWS Load Balancer Controller and its CRDs (Helm leaves old CRDs: kubectl apply -k " +
  '"github.com/aws/eks-charts/stable/aws-load-balancer-controller/crds")';

function older(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const at = [0, 1, 2].find((index) => (left[index] ?? 0) !== (right[index] ?? 0));
  return at !== undefined && (left[at] ?? 0) < (right[at] ?? 0);
}

function crdCheck(name: string, { members }: Inspection): Check {
  const crds = members[name]?.crds ?? { kind: "unknown", why: "it was not asked" };
  if (crds.kind === "unknown")
    return unknown(
      "EBG-V-CRD-FIELD",
      name,
      `the CRD can't be read: ${crds.why}`,
      "let the driver's role read customresourcedefinitions (docs/reference/permissions.md)",
    );
  if (crds.value.length === 0)
    return bad(
      "EBG-V-CRD-FIELD",
      name,
      "there is no CRD targetgroupbindings.elbv2.k8s.aws",
      "install the AWS Load Balancer Controller 2.10 or later",
    );
  const without = crds.value.filter((crd) => !crd.hasField).map((crd) => `${crd.group}/${crd.version}`);
  // An old version that is still served beside the one in use has no such field, and nobody writes it.
  const current = crds.value.filter((crd) => crd.version !== "v1alpha1");
  if (current.some((crd) => !crd.hasField))
    return bad(
      "EBG-V-CRD-FIELD",
      name,
      `TargetGroupBinding ${without.join(", ")} has no spec.multiClusterTargetGroup`,
      newer,
    );
  return ok(
    "EBG-V-CRD-FIELD",
    name,
    `${current.map((crd) => `${crd.group}/${crd.version}`).join(", ")} has spec.multiClusterTargetGroup`,
  );
}

function controllerChecks(name: string, { environment, observation, outputs }: Inspection): Check[] {
  const clusterName = clusterNameOf(environment, name);
  const controller = observation.members[name]?.controller ?? null;
  const { namespace = "kube-system", deployment = "?" } = outputs[name]?.controller ?? {};
  if (controller === null)
    return [
      unknown(
        "EBG-V-CONTROLLER",
        name,
        "the controller's Deployment can't be read",
        kubectl(clusterName, namespace) + shell` get deployment ${deployment}`,
      ),
    ];
  const runs = controller.available
    ? ok("EBG-V-CONTROLLER", name, controller.message)
    : bad(
        "EBG-V-CONTROLLER",
        name,
        controller.message,
        kubectl(clusterName, namespace) + shell` describe deployment ${deployment}`,
      );
  const { version } = controller;
  if (version === null)
    return [
      runs,
      unknown(
        "EBG-V-CONTROLLER-VERSION",
        name,
        "its image's tag is no version",
        kubectl(clusterName, namespace) + shell` get deployment ${deployment} -o jsonpath='{..image}'`,
      ),
    ];
  if (older(version, controllerVersions.oldest))
    return [
      runs,
      bad("EBG-V-CONTROLLER-VERSION", name, `${version} has no multi-cluster mode`, newer, { severity: "required" }),
    ];
  if (older(version, controllerVersions.recommended))
    return [
      runs,
      bad("EBG-V-CONTROLLER-VERSION", name, `${version} is older than ${controllerVersions.recommended}`, newer),
    ];
  return [runs, ok("EBG-V-CONTROLLER-VERSION", name, version)];
}

/**
 * Checks of every member that is not absent. One that does not answer has no other: there is nothing to decide over.
 */
export function memberChecks(inspection: Inspection): Check[] {
  const present = Object.keys(inspection.placement).filter((name) => inspection.placement[name]?.role !== "absent");
  return present.flatMap((name) => {
    const seen = inspection.observation.members[name];
    if (seen === undefined)
      return [
        unknown(
          "EBG-V-API",
          name,
          "its stack has no outputs, so nobody knows where it is",
          `pulumi up --stack ${inspection.environment.environment}-${name}`,
        ),
      ];
    if (!seen.reachable)
      return [
        bad(
          "EBG-V-API",
          name,
          seen.problem,
          seen.refusal ?? shell`aws eks describe-cluster --name ${seen.clusterName}`,
        ),
      ];
    const nodes = seen.nodes === null ? "" : `, ${seen.nodes.ready} of ${seen.nodes.total} nodes ready`;
    return [
      ok("EBG-V-API", name, `answers${nodes}`),
      crdCheck(name, inspection),
      ...controllerChecks(name, inspection),
    ];
  });
}
