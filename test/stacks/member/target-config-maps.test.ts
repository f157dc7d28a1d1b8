import assert from "node:assert/strict";
import { targetConfigMapsPolicyName } from "../../../components/internal/target-config-maps";
import { refusals } from "../../../automation/policy/move-policy";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import { devValues, runUnderMocks } from "../mock-engine";
import { blueServes } from "./managed-pod";

const POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy";
const BINDING = `${POLICY}Binding`;

async function madeWith(
  keys: object,
  clusterVersion?: string,
): Promise<{ type: string; inputs: Readonly<Record<string, unknown>> }[]> {
  const values = Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [`eks-blue-green:${key}`, JSON.stringify(value)]),
  );
  const { outputs } = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
    environmentProgram({ ...devValues, ...values }),
  );
  const { resources } = await runUnderMocks(
    {
      stack: "dev-blue",
      stacks: { dev: { ...outputs, record: blueServes } },
      ...(clusterVersion === undefined ? {} : { clusterVersion, clusterVpcId: "dev-id" }),
    },
    () => memberProgram({ "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" }),
  );
  return resources.filter(({ type }) => type.includes("admissionregistration"));
}

describe("controller.protectTargetConfigMaps", () => {
  it("is off without the key: no member of an older version gets an object that its next move may not make", async () => {
    assert.deepEqual(await madeWith({}), []);
    assert.deepEqual(await madeWith({ controller: { protectTargetConfigMaps: false } }), []);
  });

  it("makes a policy for the controller's own service account, and its binding", async () => {
    const made = await madeWith({ controller: { protectTargetConfigMaps: true } });
    assert.deepEqual(made.map(({ type }) => type).sort(), [POLICY, BINDING]);
    for (const { inputs } of made)
      assert.deepEqual(inputs["metadata"], { name: targetConfigMapsPolicyName }, "the binding names it");
    const policy = made.find(({ type }) => type === POLICY);
    assert.match(JSON.stringify(policy?.inputs["spec"]), /'system:serviceaccount:kube-system:aws-load-balancer-contr/);
  });

  const existing = { clusterName: "theirs" };
  it("leaves a cluster alone that has its own controller, whose service account nobody here knows", async () => {
    const controller = { protectTargetConfigMaps: true };
    assert.deepEqual(await madeWith({ controller, memberClusters: { blue: { existing } } }, "1.35"), []);
    const managed = { blue: { existing: { ...existing, controller: "managed" } } };
    assert.equal((await madeWith({ controller, memberClusters: managed }, "1.35")).length, 2);
  });

  it("comes with a new member, and with 'up' on one that is there: no other move makes it", () => {
    const operation = {
      operation: "create",
      type: POLICY,
      urn: `urn:pulumi:dev-blue::app::${POLICY}::blue-target-configmaps`,
      paths: [],
      custom: true,
    } as const;
    assert.deepEqual(refusals("provision", [operation]), []);
    for (const purpose of ["admit", "drain", "scale", "upgrade"] as const)
      assert.equal(refusals(purpose, [operation]).length, 1, purpose);
    assert.deepEqual(refusals("retire", [{ ...operation, operation: "delete" }]), []);
  });
});
