import assert from "node:assert/strict";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { MemberOutputs } from "../../../stacks/contract";
import { devValues, find, runUnderMocks } from "../mock-engine";
import { blueServes } from "./managed-pod";

const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
const roleArn = "arn:aws:iam::111122223333:role/web";
const boundary = "arn:aws:iam::111122223333:policy/boundary";

async function declared(change: object, settings: object = {}, last: object | null = null) {
  const service = { name: "web", namespace: "shop", image: "echo:1", port: 80, targetPort: 8080, ...change };
  const given = Object.entries({ services: [service], ...settings }).map(([key, value]) => [
    `eks-blue-green:${key}`,
    JSON.stringify(value),
  ]);
  const { outputs } = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
    environmentProgram({ ...devValues, ...(Object.fromEntries(given) as object) }),
  );
  return runUnderMocks(
    {
      stack: "dev-blue",
      stacks: { dev: { ...outputs, record: blueServes }, ...(last === null ? {} : { "dev-blue": { ...last } }) },
    },
    () => memberProgram(values),
  );
}
const association = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const account = "kubernetes:core/v1:ServiceAccount";

describe("a service account on a member", () => {
  it("gets the role that is named, before the pods and long before the nodes", async () => {
    const { resources, outputs } = await declared({ serviceAccount: { roleArn, annotations: { team: "shop" } } });
    const made = find(resources, association, "blue-web");
    assert.deepEqual(
      [made.inputs["namespace"], made.inputs["serviceAccount"], made.inputs["roleArn"]],
      ["shop", "web", roleArn],
    );
    const early = find(resources, "eks-blue-green:index:WorkloadServiceAccount", "blue-web").dependencies;
    assert.deepEqual([...early, ...made.dependencies], ["eks:index:Cluster blue"]);
    const metadata = find(resources, account, "blue-web").inputs["metadata"];
    assert.deepEqual(metadata, { name: "web", namespace: "shop", annotations: { team: "shop" } });
    const deployment = find(resources, "kubernetes:apps/v1:Deployment", "blue-web");
    const { template } = deployment.inputs["spec"] as { template: { spec: { serviceAccountName?: string } } };
    assert.equal(template.spec.serviceAccountName, "web");
    const before = find(resources, "eks-blue-green:index:Workload", "blue-web").dependencies;
    for (const type of [association, account]) assert.ok(before.includes(`${type} blue-web`), before.join());
    assert.equal((outputs as unknown as MemberOutputs).services["web"]?.awsIdentity, "web");
  });

  it("gets a role of its own within the boundary, which trusts these pods of this cluster alone", async () => {
    // Of one name: a resource each all the same.
    const policyArns = ["111122223333:policy/a", "111122223333:policy/x/a", "aws:policy/a"].map(
      (rest) => `arn:aws:iam::${rest}`,
    );
    const { resources } = await declared(
      { serviceAccount: { name: "shop", policyArns } },
      { cluster: { nodes: { instanceTypes: ["m6i.large"] }, permissionsBoundaryArn: boundary } },
    );
    const role = find(resources, "aws:iam/role:Role", "blue-web");
    assert.equal(role.inputs["permissionsBoundary"], boundary);
    const [statement] = (JSON.parse(String(role.inputs["assumeRolePolicy"])) as { Statement: { Condition: object }[] })
      .Statement;
    assert.match(JSON.stringify(statement?.Condition), /"dev-blue".*"shop".*"shop"/);
    const attached = resources.filter(
      ({ type, name }) => type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" && name.startsWith("blue-web-"),
    );
    assert.deepEqual(
      attached.map(({ inputs }) => inputs["policyArn"]),
      policyArns,
    );
    const made = find(resources, association, "blue-web");
    assert.ok(
      attached.every(({ name }) =>
        made.dependencies.includes(`aws:iam/rolePolicyAttachment:RolePolicyAttachment ${name}`),
      ),
    );
  });

  it("has today's boundary on its role though its cluster keeps the one that it was made with", async () => {
    const made = {
      privateSubnetIds: ["subnet-1", "subnet-2"],
      privateEndpoint: true,
      kmsKeyArn: null,
      createdBy: null,
      permissionsBoundaryArn: null,
    };
    const { resources } = await declared(
      { serviceAccount: { policyArns: ["arn:aws:iam::111122223333:policy/a"] } },
      { cluster: { nodes: { instanceTypes: ["m6i.large"] }, permissionsBoundaryArn: boundary } },
      { clusterName: "dev-blue", made },
    );
    const boundaryOf = (name: string): unknown =>
      find(resources, "aws:iam/role:Role", name).inputs["permissionsBoundary"];
    assert.deepEqual([boundaryOf("blue-web"), boundaryOf("blue-nodes")], [boundary, undefined]);
  });

  it("makes pods anew when a role comes to an account that is there, or goes: they get credentials when they are made", async () => {
    const annotationsOf = async (serviceAccount: object): Promise<unknown> => {
      const { resources } = await declared({ serviceAccount });
      const { template } = find(resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as {
        template: { metadata: { annotations?: unknown } };
      };
      return template.metadata.annotations;
    };
    assert.deepEqual(await annotationsOf({ roleArn }), { "eks-blue-green/aws-identity": "pod-identity" });
    assert.equal(await annotationsOf({}), undefined);
  });

  it("is an account alone without a role, and nothing where nobody asks for one", async () => {
    const alone = await declared({ serviceAccount: {} });
    assert.ok(find(alone.resources, account, "blue-web"));
    const none = await declared({});
    for (const [resources, types] of [
      [alone.resources, [association]],
      [none.resources, [association, account]],
    ] as const)
      assert.deepEqual(
        resources.filter(({ type, name }) => types.includes(type as never) && name === "blue-web"),
        [],
      );
    assert.equal((alone.outputs as unknown as MemberOutputs).services["web"]?.awsIdentity, undefined);
  });
});
