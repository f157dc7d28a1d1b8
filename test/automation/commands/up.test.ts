import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { DriverEventBody } from "../../../automation/events";
import type { AppliedUpdate, Ports } from "../../../automation/ports";
import type { NetworkReading } from "../../../automation/ports/readings";
import { theirsAreThere, whoWaits } from "../../../automation/commands/external-workloads";
import type { Family } from "../../../automation/environment/state";
import { runUp } from "../../../automation/commands/up";
import { parseEnvironmentConfig } from "../../../stacks/config/parse";
import { protectedConfig } from "../protected-clusters";
import { config, World } from "../world";

/** The world of two members that serve, one of which lacks a binding until its stack was read anew and updated. */
async function up(
  bindingLost: boolean,
  network?: NetworkReading,
  { values = config, aws = {} }: { readonly values?: typeof config; readonly aws?: Partial<Ports["aws"]> } = {},
): Promise<{ readonly calls: readonly string[]; readonly notes: readonly string[] }> {
  const world = new World("cycle");
  if (network !== undefined) world.network = network;
  const calls: string[] = [];
  const events: DriverEventBody[] = [];
  const ports = world.ports();
  let [lost, known] = [bindingLost, true];
  const nothing: AppliedUpdate = { changes: {}, seconds: 1 };
  const pulumi: Partial<Ports["pulumi"]> = {
    readEnvironment: async () => ({
      exists: true,
      resources: 1,
      pendingOperations: [],
      outputs: { ...world.environmentOutputs(), config: parseEnvironmentConfig(values, { environment: "dev" }) },
    }),
    settle: async () => null,
    refresh: async (member) => {
      calls.push(`refresh ${member}`);
      if (member === "blue") known = !lost;
    },
    update: async (stack) => {
      calls.push(`update ${stack.kind === "member" ? stack.member : "dev"}`);
      // A state that still has it sees nothing to do.
      if (stack.kind === "member" && stack.member === "blue" && !known) lost = false;
      return nothing;
    },
  };
  const kubernetes: Partial<Ports["kubernetes"]> = {
    bindings: async (member) => (lost && member.member === "blue" ? [] : await ports.kubernetes.bindings(member)),
  };
  const changed = {
    ...ports,
    pulumi: Object.assign(Object.create(ports.pulumi) as Ports["pulumi"], pulumi),
    kubernetes: Object.assign(Object.create(ports.kubernetes) as Ports["kubernetes"], kubernetes),
    aws: { ...ports.aws, ...aws },
  };
  const signal = new AbortController().signal;
  const { addresses } = await runUp(changed, {
    environment: "dev",
    config: values,
    emit: (event) => events.push(event),
    stop: signal,
    cancel: signal,
    probes: true,
  });
  assert.equal(lost, false, "the binding is still gone");
  // Whoever has deployed wants to ask it.
  assert.deepEqual(Object.keys(addresses), ["web"]);
  assert.match(addresses["web"] ?? "", /^[a-z0-9.-]+:80$/);
  return { calls, notes: events.flatMap((event) => (event.kind === "note" ? [event.message] : [])) };
}

describe("up, of workloads that somebody else deploys", () => {
  const services = [{ name: "web", namespace: "shop", workload: "external", port: 80, targetPort: 8080 }];
  const external = parseEnvironmentConfig(
    { ...config, "eks-blue-green:services": JSON.stringify(services) },
    { environment: "dev" },
  );
  const familyOf = (roles: Readonly<Record<string, "active" | "standby">>, binding: string | null) => {
    const placement = Object.fromEntries(
      Object.entries(roles).map(([name, role]) => [name, { role, version: "1.34", workload: "running" as const }]),
    );
    return {
      environment: { environment: "dev", config: external },
      record: { placement },
      members: Object.fromEntries(Object.keys(roles).map((name) => [name, { services: { web: { binding } } }])),
    } as unknown as Family;
  };
  const portsWith = (there: boolean): Ports =>
    ({
      kubernetes: {
        externalWorkload: async () => ({
          service: there ? { selects: true, ports: [8080] } : null,
          pods: { total: 0, ready: 0 },
          images: [],
          objects: [],
        }),
      },
    }) as unknown as Ports;

  it("binds none on a member that serves before its Service is there, and says where to deploy it", async () => {
    await assert.rejects(theirsAreThere(portsWith(false), familyOf({ blue: "active" }, null)), {
      code: "EBG-PREFLIGHT",
      message: /^Service shop\/web is not on blue, which serves/,
      remedy: /then: eks-blue-green up --stack dev$/,
    });
    await theirsAreThere(portsWith(true), familyOf({ blue: "active" }, null));
  });
  it("asks for nothing where it is bound already, or where nobody serves", async () => {
    await theirsAreThere(portsWith(false), familyOf({ blue: "active" }, "web"));
    await theirsAreThere(portsWith(false), familyOf({ blue: "standby" }, null));
  });
  it("ends with the command that lets the first member in, while nobody serves", () => {
    assert.match(
      whoWaits(familyOf({ blue: "standby" }, null)) ?? "",
      /^blue: .*eks-blue-green admit blue --stack dev$/,
    );
    assert.equal(whoWaits(familyOf({ blue: "active", green: "standby" }, null)), null);
  });
});

describe("up", () => {
  it("updates the environment, then its members, and reads nothing anew when all is there", async () => {
    const { calls, notes } = await up(false);
    assert.deepEqual(calls, ["update dev", "update blue", "update green"]);
    assert.deepEqual(notes, []);
  });

  it("makes again what somebody deleted by hand, of that member alone: a plain update would see nothing to do", async () => {
    const { calls, notes } = await up(true);
    assert.deepEqual(
      [calls[0], calls.filter((call) => call.endsWith("blue")), calls.filter((call) => call.endsWith("green"))],
      ["update dev", ["refresh blue", "update blue"], ["update green"]],
    );
    assert.deepEqual(notes, [
      "the TargetGroupBinding of 'web' on blue is gone, though its stack declares it: somebody deleted it by " +
        "hand; it is declared again",
    ]);
  });

  it("puts EKS's deletion protection back that a retirement took off and did not end, and waits for EKS", async () => {
    const protectedClusters = new Map([["dev-green", true]]);
    const looks: string[] = [];
    const aws: Partial<Ports["aws"]> = {
      clusterStatus: async (name) => ({
        status: "ACTIVE",
        version: "1.34",
        deletionProtection: protectedClusters.get(name) === true,
      }),
      setDeletionProtection: async (name, on) => {
        protectedClusters.set(name, on);
        return `${name} ${on ? "on" : "off"}`;
      },
      clusterUpdate: async (_name, update) => {
        looks.push(update);
        return { status: looks.length < 3 ? "running" : "done", message: "" };
      },
    };
    const { calls, notes } = await up(false, undefined, { values: { ...config, ...protectedConfig }, aws });
    assert.deepEqual(calls, ["update dev", "update blue", "update green"]);
    assert.deepEqual(looks, ["dev-blue on", "dev-blue on", "dev-blue on"]);
    assert.deepEqual(notes, ["EKS did not protect dev-blue against deletion: it is put back"]);
  });

  it("makes nothing where EKS makes no cluster: what is made could not be taken back", async () => {
    const updated: string[] = [];
    const world = new World();
    world.network = { zones: [{ name: "us-east-1a", id: "use1-az3" }], subnets: [] };
    const ports = world.ports();
    const pulumi: Partial<Ports["pulumi"]> = {
      readEnvironment: async () => ({ exists: true, resources: 0, pendingOperations: [], outputs: null }),
      settle: async () => null,
      update: async (stack) => {
        updated.push(stack.kind);
        throw new Error("nothing may be made");
      },
    };
    const signal = new AbortController().signal;
    const run = { environment: "dev", config, emit: () => undefined, stop: signal, cancel: signal, probes: false };
    const changed = { ...ports, pulumi: Object.assign(Object.create(ports.pulumi) as Ports["pulumi"], pulumi) };
    await assert.rejects(runUp(changed, run), (error: Error & { code?: string; remedy?: string }) => {
      assert.equal(error.code, "EBG-PREFLIGHT");
      assert.match(error.message, /us-east-1a is use1-az3 .*\nEC2 does not list us-east-1b/);
      assert.match(error.remedy ?? "", /network.availabilityZones/);
      return true;
    });
    assert.deepEqual(updated, []);
    // The program names all problems of a config, each in its place.
    const broken = { ...run, config: { ...config, "eks-blue-green:members": "[]" } };
    await assert.rejects(runUp(changed, broken), /nothing may be made/);
  });

  it("goes on over a zone that is deployed, where nothing is made in it any more", async () => {
    const zones = [
      { name: "us-east-1a", id: "use1-az3" },
      { name: "us-east-1b", id: "use1-az1" },
    ];
    assert.deepEqual((await up(false, { zones, subnets: [] })).calls, ["update dev", "update blue", "update green"]);
  });

  it("asks of a network that is deployed nothing, and goes on when AWS does not say what it asks", async () => {
    const world = new World();
    world.disturbed = new DriverError("EBG-DEADLINE", "AWS did not answer ec2:DescribeSubnets within 30 s", "again");
    const { told, updated } = await firstUp(world, { outputs: null, resources: 0 }, 0);
    assert.deepEqual([updated, world.calls.filter((call) => call === "network").length], [1, 1]);
    assert.match(told.join("\n"), /recommended: zones and subnets could not be looked at: AWS did not answer/);
    const both = new World("cycle");
    both.disturbed = world.disturbed;
    await firstUp(both, undefined, 1);
    assert.ok(!both.calls.includes("network"));
  });

  it("does not refuse to finish a member for the addresses that it took itself, only to begin one", async () => {
    for (const resources of [0, 7]) {
      const world = new World();
      const ids = ["subnet-a", "subnet-b", "subnet-c", "subnet-d"];
      world.network = {
        zones: [],
        subnets: ids.map((id, at) => tight(id, at % 2 === 0 ? "us-east-1a" : "us-east-1b")),
      };
      const looked = firstUp(world, undefined, resources);
      if (resources === 0) await assert.rejects(looked, /EKS needs 6 free addresses in each subnet of a new cluster/);
      else assert.equal((await looked).updated, 1);
    }
  });
});

const inTheirs = {
  ...config,
  "eks-blue-green:network": JSON.stringify({
    existing: {
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-a", "subnet-b"],
      publicSubnetIds: ["subnet-c", "subnet-d"],
    },
  }),
};
const tight = (id: string, zone: string) => ({ id, vpcId: "vpc-1", zone, zoneId: "use1-az6", freeAddresses: 3 });

class Updated extends Error {}

/**
 * `up` until its first update. `environment`: the reading of the environment's stack, else one in an existing VPC;
 * `resources`: how many blue's stack has, which has no outputs.
 */
async function firstUp(
  world: World,
  environment: { readonly outputs: null; readonly resources: number } | undefined,
  resources: number,
): Promise<{ readonly told: readonly string[]; readonly updated: number }> {
  const ports = world.ports();
  const events: DriverEventBody[] = [];
  let updated = 0;
  const values = environment === undefined ? inTheirs : config;
  const outputs = { ...world.environmentOutputs(), config: parseEnvironmentConfig(values, { environment: "dev" }) };
  const pulumi: Partial<Ports["pulumi"]> = {
    readEnvironment: async () => ({ exists: true, resources: 1, pendingOperations: [], outputs, ...environment }),
    readMember: async () => ({ exists: true, resources, pendingOperations: [], outputs: null }),
    settle: async () => null,
    update: async () => {
      updated += 1;
      throw new Updated();
    },
  };
  const signal = new AbortController().signal;
  const changed = { ...ports, pulumi: Object.assign(Object.create(ports.pulumi) as Ports["pulumi"], pulumi) };
  const emit = (event: DriverEventBody): void => void events.push(event);
  const run = { environment: "dev", config: values, emit, stop: signal, cancel: signal, probes: false };
  await assert.rejects(runUp(changed, run), (error) => {
    if (!(error instanceof Updated)) throw error;
    return true;
  });
  const told = events.flatMap((event) => (event.kind === "finding" ? [`${event.severity}: ${event.message}`] : []));
  return { told, updated };
}
