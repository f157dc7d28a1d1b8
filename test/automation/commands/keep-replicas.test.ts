import assert from "node:assert/strict";
import { refuseToLoseReplicas } from "../../../automation/commands/keep-replicas";
import type { DriverError } from "../../../automation/errors";
import type { Observation } from "../../../automation/observation/observe";
import type { DeploymentState } from "../../../automation/ports";
import { parseEnvironmentConfig } from "../../../stacks/config/parse";
import { sharedGroups } from "../group-refs";
import { config } from "../world";

const [service] = JSON.parse(config["eks-blue-green:services"] ?? "[]") as Record<string, unknown>[];
const configWith = (more: object) =>
  parseEnvironmentConfig(
    { ...config, "eks-blue-green:services": JSON.stringify([{ ...service, ...more }]) },
    { environment: "dev" },
  );
/** Of blue, whose replicas this manager has written last. */
function ask(more: object, wanted: number, manager: string | null, serving: readonly string[] = ["blue"]): void {
  const deployment: DeploymentState = {
    wanted,
    ready: wanted,
    available: true,
    ...(manager === null ? {} : { replicasBy: { manager, at: null } }),
  };
  const observation = {
    groupOf: sharedGroups("web"),
    members: { blue: { clusterName: "dev-blue", services: { web: { deployment } } } },
  } as unknown as Observation;
  refuseToLoseReplicas(observation, serving, { environment: "dev", config: configWith(more) });
}
const autoscaled = { autoscaled: true };

describe("an autoscaler that is given the pods of a member in traffic", () => {
  it("is refused while the number is still this package's: the update would leave one pod", () =>
    assert.throws(
      () => ask(autoscaled, 4, "pulumi-kubernetes-4ba1bfb7"),
      (error: DriverError) =>
        error.code === "EBG-PREFLIGHT" &&
        /web on blue would fall from 4 pods to 1; no member was updated/.test(error.message) &&
        /kubectl --context \S+ -n \S+ scale deployment web --replicas=5; then: eks-blue-green up --stack dev/.test(
          error.remedy,
        ),
    ));

  for (const [what, more, wanted, manager, serving] of [
    ["somebody else has written the number", autoscaled, 4, "kubectl", ["blue"]],
    ["the autoscaler has", autoscaled, 4, "kube-controller-manager", ["blue"]],
    ["nobody has", autoscaled, 1, null, ["blue"]],
    ["there is one pod anyway", autoscaled, 1, "pulumi-kubernetes-4ba1bfb7", ["blue"]],
    ["it is not in traffic", autoscaled, 4, "pulumi-kubernetes-4ba1bfb7", []],
    ["the number is the config's", {}, 4, "pulumi-kubernetes-4ba1bfb7", ["blue"]],
  ] as const)
    it(`may have them where ${what}`, () => assert.doesNotThrow(() => ask(more, wanted, manager, serving)));
});
