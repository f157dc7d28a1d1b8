import assert from "node:assert/strict";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { MemberPlacement } from "../../../stacks/record";
import { devValues, find, listing, runUnderMocks } from "../mock-engine";

const services = [
  {
    name: "web",
    namespace: "shop",
    workload: "external",
    external: { service: "shop-web" },
    port: 80,
    targetPort: 8080,
    servicePort: 8000,
  },
];
const own = { name: "own", namespace: "shop", image: "echo:1", port: 81, targetPort: 8081 };
const values = (all: readonly object[]) => ({ ...devValues, "eks-blue-green:services": JSON.stringify(all) });
const member = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };

async function deploy(role: MemberPlacement["role"], all: readonly object[] = services) {
  const environment = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(values(all)));
  const record = {
    ...(environment.outputs["record"] as object),
    placement: {
      blue: { role, version: "1.34", workload: "running" },
      green: { role: "absent", version: null, workload: "running" },
    },
  };
  return await runUnderMocks({ stack: "dev-blue", stacks: { dev: { ...environment.outputs, record } } }, () =>
    memberProgram(member),
  );
}
const inCluster = (run: Awaited<ReturnType<typeof deploy>>): string[] =>
  listing(run.resources).filter((one) => /^kubernetes:(?!helm)|Workload/.test(one));

describe("a member whose workload somebody else deploys", () => {
  it("declares the binding alone, to the Service and port that the config names", async () => {
    const run = await deploy("active");
    assert.deepEqual(inCluster(run), ["kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding blue-web-web"]);
    const { inputs } = find(run.resources, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "blue-web-web");
    const { serviceRef } = inputs["spec"] as { serviceRef: unknown };
    assert.deepEqual(serviceRef, { name: "shop-web", port: 8000 });
    assert.equal((inputs["metadata"] as { namespace: string }).namespace, "shop");
  });

  it("lets the load balancer in at the pods' port, and declares nothing in the cluster while it stands by", async () => {
    const run = await deploy("standby");
    assert.deepEqual(inCluster(run), []);
    const rule = find(run.resources, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "blue-8080").inputs;
    assert.equal(rule["fromPort"], 8080);
  });

  it("tells the driver whose the workload is, and no Deployment or labels that could be taken for its own", async () => {
    const { outputs } = await deploy("active");
    const { web } = outputs["services"] as Record<string, Record<string, unknown>>;
    assert.deepEqual(
      [web?.["workload"], web?.["deployment"], web?.["service"], web?.["servicePort"], web?.["selector"]],
      ["external", null, "shop-web", 8000, {}],
    );
  });

  it("makes the namespace where a workload of its own is in it as well", async () => {
    const run = await deploy("standby", [...services, own]);
    assert.ok(inCluster(run).includes("kubernetes:core/v1:Namespace blue-shop"));
    assert.ok(inCluster(run).includes("kubernetes:apps/v1:Deployment blue-own"));
  });
});
