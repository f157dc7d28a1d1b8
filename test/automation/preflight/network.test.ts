import assert from "node:assert/strict";
import { networkFindings, subnetsAskedFor, type NetworkQuestion } from "../../../automation/preflight/network";
import { networkOfRollout, networkOfUp } from "../../../automation/preflight/network-question";
import type { NetworkReading, SubnetReading } from "../../../automation/ports/readings";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { devValues } from "../../stacks/mock-engine";
import { plainNetwork } from "../no-adoption";
import { config as worldConfig, World } from "../world";

const zones = [...plainNetwork.zones, { name: "us-east-1e", id: "use1-az3" }];
const configOf = (network: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  parseEnvironmentConfig(
    {
      ...devValues,
      ...Object.fromEntries(
        Object.entries({ network, ...more }).map(([key, value]) => [`eks-blue-green:${key}`, JSON.stringify(value)]),
      ),
    },
    { environment: "dev" },
  );
const newVpc = (availabilityZones: readonly string[], memberZones?: readonly string[]) =>
  configOf({
    cidrBlock: "10.42.0.0/16",
    availabilityZones,
    ...(memberZones === undefined ? {} : { memberZones }),
  });
const subnet = (id: string, zone: string, more: Partial<SubnetReading> = {}): SubnetReading => ({
  id,
  vpcId: "vpc-1",
  zone,
  zoneId: zones.find(({ name }) => name === zone)?.id ?? "",
  freeAddresses: 200,
  ...more,
});
const existing = (keys: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  configOf({ existing: { vpcId: "vpc-1", ...keys } }, more);
const withBoth = existing({ privateSubnetIds: ["subnet-a", "subnet-b"], publicSubnetIds: ["subnet-c", "subnet-d"] });
const four = [
  subnet("subnet-a", "us-east-1a"),
  subnet("subnet-b", "us-east-1b"),
  subnet("subnet-c", "us-east-1a"),
  subnet("subnet-d", "us-east-1b"),
];

type Change = Partial<NetworkQuestion>;
const first = (config: NetworkQuestion["config"], change: Change = {}): NetworkQuestion => ({
  region: "us-east-1",
  config,
  deployed: null,
  makes: ["blue"],
  upgrades: {},
  underWay: false,
  ...change,
});
const found = (question: NetworkQuestion, subnets: readonly SubnetReading[] = []): string[] =>
  networkFindings(question, { zones, subnets }).map(({ severity, message }) => `${severity}: ${message}`);

describe("zones of a new VPC", () => {
  it("may be any two that have control planes", () =>
    assert.deepEqual(found(first(newVpc(["us-east-1a", "us-east-1b"]))), []));

  it("are refused before anything is made where EKS makes no control plane, or which the account does not have", () => {
    const question = first(newVpc(["us-east-1a", "us-east-1e", "us-east-1z"]));
    assert.deepEqual(found(question), [
      "required: us-east-1e is use1-az3 in this account, and EKS makes no control plane with a subnet there",
      "required: EC2 does not list us-east-1z among the zones of us-east-1 that this account may use",
    ]);
    for (const { remedy } of networkFindings(question, { zones, subnets: [] }))
      assert.equal(remedy, "choose among us-east-1a, us-east-1b, us-east-1c (network.availabilityZones)");
  });

  it("are refused when they are added: they could never be taken out again", () => {
    const deployed = { zones: ["us-east-1a", "us-east-1b"], privateSubnetIds: [] };
    const added = first(newVpc(["us-east-1a", "us-east-1b", "us-east-1e"]), { deployed, makes: [] });
    assert.match(found(added)[0] ?? "", /^required: us-east-1e is use1-az3/);
  });

  it("stop only what makes a cluster once they are deployed, and members can be made in the others", () => {
    const names = ["us-east-1a", "us-east-1b", "us-east-1e"];
    const deployed = { zones: names, privateSubnetIds: ["subnet-a", "subnet-b", "subnet-e"] };
    const [finding] = networkFindings(first(newVpc(names), { deployed }), { zones, subnets: [] });
    assert.equal(finding?.severity, "required");
    assert.equal(finding.remedy, "leave the zone to the load balancer: network.memberZones: [us-east-1a, us-east-1b]");
    assert.match(found(first(newVpc(names), { deployed, makes: [] }))[0] ?? "", /^recommended: us-east-1e/);
    const left = first(newVpc(names, ["us-east-1a", "us-east-1b"]), { deployed });
    assert.deepEqual(found(left), []);
    assert.deepEqual(subnetsAskedFor(left), ["subnet-a", "subnet-b"]);
  });
});

describe("subnets of an existing VPC", () => {
  it("are asked for, the load balancer's among them", () => {
    assert.deepEqual(subnetsAskedFor(first(withBoth)), ["subnet-a", "subnet-b", "subnet-c", "subnet-d"]);
    assert.deepEqual(found(first(withBoth), four), []);
  });

  it("must be there, in the VPC, and in zones with control planes", () => {
    const odd = [
      subnet("subnet-a", "us-east-1e"),
      subnet("subnet-b", "us-east-1b", { vpcId: "vpc-2" }),
      subnet("subnet-d", "us-east-1b"),
    ];
    assert.deepEqual(found(first(withBoth), odd), [
      "required: subnet subnet-b is in vpc-2, not in vpc-1",
      "required: there is no subnet subnet-c in this account and region",
      "required: subnet subnet-a is in us-east-1e (use1-az3), and EKS makes no control plane with a subnet there",
      "required: the load balancer has no subnet in us-east-1e, so it sends nothing to pods and nodes in subnet-a",
    ]);
  });

  it("that the load balancer does not cover are named, with the list to add to: targets in them stay unused", () => {
    const uncovered = [...four.slice(0, 3), subnet("subnet-d", "us-east-1c")];
    const [finding, ...more] = networkFindings(first(withBoth), { zones, subnets: uncovered });
    assert.deepEqual(more, []);
    assert.equal(finding?.severity, "required");
    assert.match(finding.message, /no subnet in us-east-1b, .* in subnet-b$/);
    assert.match(finding.remedy, /loadBalancerSubnetIds \(now \[subnet-c, subnet-d\]\)/);
    const runs = { deployed: { zones: [], privateSubnetIds: [] }, makes: [] };
    assert.match(found(first(withBoth, runs), uncovered)[0] ?? "", /^recommended: the load balancer has no subnet/);
  });

  it("of the load balancer are one a zone", () => {
    const twice = [...four.slice(0, 3), subnet("subnet-d", "us-east-1a")];
    assert.match(found(first(withBoth), twice).join("\n"), /required: .* subnet-c and subnet-d are both in us-east-1a/);
  });

  it("are the controller's matter, as far as the load balancer goes, when a Service owns it", () => {
    const owned = existing(
      { privateSubnetIds: ["subnet-a", "subnet-b"], publicSubnetIds: ["subnet-c", "subnet-d"] },
      { loadBalancer: { owner: "service" } },
    );
    assert.deepEqual(subnetsAskedFor(first(owned)), ["subnet-a", "subnet-b"]);
    assert.deepEqual(found(first(owned), four.slice(0, 2)), []);
  });
});

describe("free addresses", () => {
  const with_ = (free: number) => four.map((one) => ({ ...one, freeAddresses: free }));
  it("stop a new cluster when EKS has too few in a subnet, and are advice while only nodes and pods lack them", () => {
    assert.match(found(first(withBoth), with_(5))[0] ?? "", /^required: EKS needs 6 .*subnet-a has 5, subnet-b has 5/);
    assert.match(found(first(withBoth), with_(7))[0] ?? "", /^recommended: the subnets of blue have 14 free addresses/);
    assert.deepEqual(
      found(first(withBoth, { deployed: { zones: [], privateSubnetIds: [] }, makes: [] }), with_(1)),
      [],
    );
  });

  it("stop an upgrade in place when the cluster's subnets have not five together", () => {
    const upgrade = (free: number) =>
      found(
        first(withBoth, {
          deployed: { zones: [], privateSubnetIds: [] },
          makes: [],
          upgrades: { blue: ["subnet-a", "subnet-b"] },
        }),
        with_(free),
      );
    assert.deepEqual(upgrade(3), []);
    assert.deepEqual(upgrade(2), [
      "required: EKS needs up to 5 free addresses to upgrade blue's control plane, and its subnets have 4",
    ]);
  });
});

describe("what is asked of the network", () => {
  const world = new World();
  const environment = {
    ...world.environmentOutputs(),
    config: parseEnvironmentConfig(worldConfig, { environment: "dev" }),
  };
  const place = { role: "standby", version: "1.35", workload: "stopped" } as const;
  const step = (kind: "provision" | "upgrade", member: string) =>
    ({ type: "move", kind, member, from: place, to: place }) as const;

  it("is what the rest of a rollout makes and upgrades, but not clusters that are there", () => {
    const of = (done: number) =>
      networkOfRollout({
        environment,
        deployed: environment.config,
        record: { ...world.record, rollout: { done } as never },
        members: {},
        ahead: [step("provision", "green"), step("upgrade", "blue")].slice(done),
      });
    assert.deepEqual([of(0)?.makes, Object.keys(of(0)?.upgrades ?? {})], [["green"], ["blue"]]);
    assert.deepEqual([of(1)?.makes, Object.keys(of(1)?.upgrades ?? {})], [[], ["blue"]]);
    assert.equal(of(2), null, "nothing is made: nothing is asked");
    const theirs = { ...environment.config, memberClusters: { green: { existing: { clusterName: "theirs" } } } };
    assert.deepEqual(networkOfUp(theirs as never, "us-east-1", null, ["blue", "green"])?.makes, ["blue"]);
  });

  it("stops an upgrade that would make a cluster where none can be, before its first step", async () => {
    const refusing: Exclude<NetworkReading, "denied"> = {
      zones: [
        { name: "us-east-1a", id: "use1-az6" },
        { name: "us-east-1b", id: "use1-az3" },
      ],
      subnets: [],
    };
    const bad = new World();
    bad.network = refusing;
    await assert.rejects(bad.upgrade(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "EBG-PREFLIGHT");
      assert.match(error.message, /us-east-1b is use1-az3 in this account/);
      return true;
    });
    assert.deepEqual(
      bad.calls.filter((call) => /^(apply|writeRecord|ensureMemberStack)/.test(call)),
      [],
    );
    const untold = new World();
    untold.network = "denied";
    assert.equal((await untold.upgrade()).outcome, "done");
    assert.ok(untold.events.some((event) => event.kind === "finding" && event.code === "EBG-AWS"));
  });
});
