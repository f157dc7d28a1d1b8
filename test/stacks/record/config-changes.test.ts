import assert from "node:assert/strict";
import {
  type EnvironmentConfig,
  memberProblems,
  parseEnvironmentConfig,
  sharedFieldProblems,
  versionProblems,
} from "../../../stacks/config";
import { initialRecord } from "../../../stacks/record";
import { devValues, devWith } from "../mock-engine";

const context = { environment: "dev" };
const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const network = { cidrBlock: "10.42.0.0/16", availabilityZones: ["us-east-1a", "us-east-1b"] };

describe("what a deployed environment may not change", () => {
  const current = parseEnvironmentConfig(devValues, context);
  const wanted = (change: Record<string, unknown>) => parseEnvironmentConfig(devWith(change), context);
  it("accepts another version, member, service, zone and replica count", () => {
    assert.deepEqual(
      sharedFieldProblems(
        current,
        wanted({
          kubernetesVersion: "1.36",
          members: ["blue", "green", "teal"],
          services: [
            { ...web, replicas: 5 },
            { ...web, name: "api", port: 81 },
          ],
          network: { ...network, availabilityZones: ["us-east-1a", "us-east-1b", "us-east-1c"] },
        }),
      ),
      [],
    );
  });
  it("accepts what is deployed, as a stack's outputs give it back: with sorted keys", () => {
    const existing = {
      memberClusters: { blue: { existing: { clusterName: "theirs", controller: "existing" } } },
      loadBalancer: { owner: "service" },
      network: {
        existing: {
          vpcId: "vpc-1",
          privateSubnetIds: ["subnet-1", "subnet-2"],
          publicSubnetIds: ["subnet-3", "subnet-4"],
        },
      },
      services: [{ ...web, existing: { service: "shop", deployment: "shop" } }],
    };
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : typeof value === "object" && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([key, inner]) => [key, sorted(inner)]),
            )
          : value;
    assert.deepEqual(sharedFieldProblems(sorted(wanted(existing)) as EnvironmentConfig, wanted(existing)), []);
    assert.deepEqual(
      sharedFieldProblems(
        sorted(wanted(existing)) as EnvironmentConfig,
        wanted({ ...existing, network: { existing: { ...existing.network.existing, vpcId: "vpc-2" } } }),
      ).map(({ path }) => path),
      ["network.existing"],
    );
  });
  const table: [string, Record<string, unknown>, string][] = [
    ["the VPC's block", { network: { ...network, cidrBlock: "10.50.0.0/16" } }, "network.cidrBlock"],
    [
      "the zones' order",
      { network: { ...network, availabilityZones: ["us-east-1b", "us-east-1a"] } },
      "network.availabilityZones",
    ],
    ["the scheme", { loadBalancer: { scheme: "internal" } }, "loadBalancer.scheme"],
    ["a target port", { services: [{ ...web, targetPort: 9000 }] }, "services[0].targetPort"],
    ["a namespace", { services: [{ ...web, namespace: "other" }] }, "services[0].namespace"],
    ["a service that goes", { services: [{ ...web, name: "other" }] }, "services"],
  ];
  for (const [name, change, path] of table)
    it(`refuses ${name}`, () =>
      assert.deepEqual(
        sharedFieldProblems(current, wanted(change)).map((problem) => problem.path),
        [path],
      ));

  describe("about an existing VPC", () => {
    const publicSubnetIds = ["subnet-1", "subnet-2"];
    const at = (privateSubnetIds: string[], more: object = {}, scheme = "internet-facing") =>
      wanted({
        network: { existing: { vpcId: "vpc-1", privateSubnetIds, publicSubnetIds, ...more } },
        loadBalancer: { scheme },
      });
    const problems = (was: EnvironmentConfig, is: EnvironmentConfig) => sharedFieldProblems(was, is);
    it("accepts other private subnets, in whatever order: members keep theirs until they are made anew", () => {
      const was = at(["subnet-a", "subnet-b"]);
      assert.deepEqual(problems(was, at(["subnet-b", "subnet-a", "subnet-c"])), []);
      assert.deepEqual(problems(was, at(["subnet-c", "subnet-d"])), []);
    });
    it("keeps an internal load balancer in its subnets, and says how the others can change", () => {
      const was = at(["subnet-a", "subnet-b"], {}, "internal");
      const [problem] = problems(was, at(["subnet-a", "subnet-b", "subnet-c"], {}, "internal"));
      assert.match(problem?.remedy ?? "", /loadBalancerSubnetIds: \[subnet-a, subnet-b\]/);
      const followed = { loadBalancerSubnetIds: ["subnet-a", "subnet-b"] };
      assert.deepEqual(problems(was, at(["subnet-c", "subnet-d"], followed, "internal")), []);
    });
    it("lets the load balancer into a further zone, and out of none", () => {
      const was = at(["subnet-a", "subnet-b"]);
      const more = { loadBalancerSubnetIds: [...publicSubnetIds, "subnet-3"] };
      assert.deepEqual(problems(was, at(["subnet-a", "subnet-b"], more)), []);
      assert.equal(problems(at(["subnet-a", "subnet-b"], more), was).length, 1);
    });
  });

  it("says of a service that goes what can be done: nothing that lifts a protection lets it go", () => {
    assert.match(
      sharedFieldProblems(current, wanted({ services: [{ ...web, name: "other" }] }))[0]?.remedy ?? "",
      /^Keep it; .*second environment/,
    );
  });

  const record = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.33" });
  it("refuses to skip a minor, or to go down, in place only", () => {
    const rules = (kubernetesVersion: string, strategy: "cycle" | "replace") =>
      versionProblems(record, { kubernetesVersion, rollout: { ...current.rollout, strategy } }).map(
        (problem) => problem.rule,
      );
    assert.deepEqual(rules("1.35", "cycle"), []);
    assert.deepEqual(rules("1.32", "cycle"), [
      "member 'blue' runs 1.33, and a cluster's version can't be lowered in place",
    ]);
    assert.deepEqual(rules("1.34", "cycle"), []);
    assert.deepEqual(rules("1.35", "replace"), []);
  });
  it("refuses to drop a member that is not absent", () => {
    assert.deepEqual(
      memberProblems(record, { members: ["green"] }).map((problem) => problem.rule),
      ["member 'blue' is active with Kubernetes 1.33; the list must keep it until it is absent"],
    );
    assert.deepEqual(memberProblems(record, { members: ["blue", "teal"] }), []);
  });
});
