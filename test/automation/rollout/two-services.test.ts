import assert from "node:assert/strict";
import type { EnvironmentOutputs, MemberOutputs } from "../../../stacks/contract";
import { config, World } from "../world";

const rollout = JSON.stringify({ strategy: "cycle", bakeSeconds: 300, minCapacityPercent: 50 });
const [web] = JSON.parse(config["eks-blue-green:services"]) as [object];
const twoServices = {
  "eks-blue-green:kubernetesVersion": "1.34",
  "eks-blue-green:rollout": rollout,
  "eks-blue-green:services": JSON.stringify([web, { ...web, name: "reports", namespace: "reports", port: 81 }]),
};

/** Besides `web` there is `reports`, whose pods are not ready anywhere, so that nothing of it is registered. */
class Two extends World {
  override environmentOutputs(): EnvironmentOutputs {
    const outputs = super.environmentOutputs();
    const reports = { ...outputs.loadBalancer.services["web"]!, name: "reports", service: "reports" };
    return {
      ...outputs,
      loadBalancer: {
        ...outputs.loadBalancer,
        services: { ...outputs.loadBalancer.services, reports: { ...reports, targetGroupArn: "reports", port: 81 } },
      },
    };
  }
  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) return null;
    const reports = { ...outputs.services["web"]!, namespace: "reports", service: "reports", binding: null };
    return { ...outputs, services: { ...outputs.services, reports: { ...reports, targetGroupArn: "reports" } } };
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const { readyEndpoints } = own.kubernetes;
    return {
      ...own,
      aws: { ...own.aws, targets: async (arn) => (arn === "reports" ? [] : await own.aws.targets(arn)) },
      kubernetes: {
        ...own.kubernetes,
        readyEndpoints: async (of, namespace, ...rest) =>
          namespace === "reports" ? [] : await readyEndpoints(of, namespace, ...rest),
      },
    };
  }
}

describe("a service that nobody serves, beside one that is well", () => {
  it("does not keep a member from leaving: nothing is lost", async () => {
    const world = new Two("cycle");
    const result = await world.run({ name: "drain", member: "green", percent: null }, { config: twoServices });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.record.placement["green"]?.role, "standby");
    assert.equal(world.fails(), false);
  });
});
