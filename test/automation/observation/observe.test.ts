import assert from "node:assert/strict";
import { noOwners } from "../../../automation/observation/target-owners";
import { decideGone } from "../../../automation/gates/drained";
import { groupsOfMember, observe, plainLook } from "../../../automation/observation/observe";
import { probeUrl } from "../../../automation/observation/probe-requests";
import { DriverError, type DriverErrorCode } from "../../../automation/errors";
import type { Ports } from "../../../automation/ports";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type {
  EnvironmentOutputs,
  MemberOutputs,
  MemberServiceOutputs,
  ServiceTargetGroup,
} from "../../../stacks/contract";
import { devValues } from "../../stacks/mock-engine";

const shop = {
  name: "shop",
  namespace: "shop",
  image: "echo:1",
  replicas: 3,
  ports: [
    { name: "web", port: 80, targetPort: 8080 },
    { name: "api", port: 8443, targetPort: 8081 },
  ],
  probePath: "/orders",
};
const plain = { name: "plain", namespace: "plain", image: "echo:1", replicas: 3, port: 81, targetPort: 8080 };
const config = parseEnvironmentConfig(
  { ...devValues, "eks-blue-green:services": JSON.stringify([shop, plain]) },
  { environment: "dev" },
);

const group = (name: string, service: string, port: number): ServiceTargetGroup => ({
  name,
  service,
  port,
  dnsName: `${service}.elb.example`,
  loadBalancerArn: "arn:lb",
  targetGroupArn: `arn:${name}`,
  targetGroupName: name,
  listenerArn: "arn:listener",
});
const loadBalancer = {
  owner: "stack",
  primary: null,
  arn: "arn:lb",
  dnsName: "dev.elb.example",
  securityGroupId: "sg-1",
  services: {
    "shop-web": group("shop-web", "shop", 80),
    "shop-api": group("shop-api", "shop", 8443),
    plain: group("plain", "plain", 81),
  },
} as const;

describe("endpoints of instance targets", () => {
  const world = (service: Partial<MemberServiceOutputs>) => {
    const asked: [string, number][] = [];
    const kubernetes = {
      bindings: () => Promise.resolve([]),
      recordedTargets: () => Promise.resolve(null),
      readyEndpoints: () => Promise.resolve(["10.0.0.1:8080"]),
      nodeTargets: (_member: MemberOutputs, _namespace: string, name: string, port: number) =>
        Promise.resolve((asked.push([name, port]), ["i-0a:30476"])),
    };
    const ports = {
      kubernetes,
      aws: { targets: () => Promise.resolve([]) },
      clock: { now: () => 0 },
    } as unknown as Ports;
    const member = {
      services: {
        plain: {
          namespace: "plain",
          deployment: "plain",
          service: "plain",
          servicePort: 8080,
          targetGroupArn: "arn:plain",
          targetType: "instance",
          binding: null,
          selector: {},
          ...service,
        },
      },
    } as unknown as MemberOutputs;
    return {
      asked,
      observed: observe(ports, { config, loadBalancer } as unknown as EnvironmentOutputs, { blue: member }, plainLook),
    };
  };
  it("are the node ports of the member's own Service, or of the primary's Service that has the load balancer", async () => {
    const own = world({});
    assert.deepEqual((await own.observed).members["blue"]?.services["plain"]?.endpoints, ["i-0a:30476"]);
    assert.deepEqual(own.asked, [["plain", 8080]]);
    const primary = world({
      boundBy: "load-balancer-service",
      loadBalancerService: "plain-lb",
      loadBalancerServicePort: 81,
    });
    await primary.observed;
    assert.deepEqual(primary.asked, [["plain-lb", 81]]);
  });
});

describe("pods of a member's workload", () => {
  const look = async (selector: Record<string, string>) => {
    const asked: unknown[] = [];
    const kubernetes = {
      bindings: () => Promise.resolve([]),
      recordedTargets: () => Promise.resolve(null),
      readyEndpoints: () => Promise.resolve([]),
      deployment: () => Promise.resolve(null),
      pods: (_member: MemberOutputs, _namespace: string, labels: unknown) => Promise.resolve((asked.push(labels), 7)),
    };
    const ports = {
      kubernetes,
      aws: { targets: () => Promise.resolve([]) },
      clock: { now: () => 0 },
    } as unknown as Ports;
    const member = {
      clusterName: "dev-blue",
      services: {
        plain: {
          namespace: "plain",
          deployment: "plain",
          service: "plain",
          servicePort: 8080,
          targetGroupArn: "arn:plain",
          binding: null,
          selector,
        },
      },
    } as unknown as MemberOutputs;
    const seen = await observe(
      ports,
      { config, loadBalancer } as unknown as EnvironmentOutputs,
      { blue: member },
      { ...plainLook, workload: true },
    );
    return { asked, gone: decideGone(seen, noOwners, "blue").decision.status };
  };
  it("are counted by its labels, and waited for", async () =>
    assert.deepEqual(await look({ app: "plain" }), { asked: [{ app: "plain" }], gone: "waiting" }));
  it(
    "are not asked for when somebody else keeps it: all pods of its namespace would be counted, and nobody here " +
      "stops them",
    async () => {
      assert.deepEqual(await look({}), { asked: [], gone: "passed" });
    },
  );
});

describe("a member that tells nothing", () => {
  const look = async (code: DriverErrorCode) => {
    const kubernetes = { bindings: () => Promise.reject(new DriverError(code, "blue says nothing", "the remedy")) };
    const ports = {
      kubernetes,
      aws: { targets: () => Promise.resolve([]) },
      clock: { now: () => 0 },
    } as unknown as Ports;
    return (
      await observe(
        ports,
        { config, loadBalancer } as unknown as EnvironmentOutputs,
        { blue: { clusterName: "dev-blue", services: {} } as unknown as MemberOutputs },
        plainLook,
      )
    ).members["blue"];
  };
  it("is not reachable when no answer comes", async () => {
    const seen = await look("EBG-MEMBER-UNREACHABLE");
    assert.deepEqual([seen?.reachable, seen?.refusal], [false, undefined]);
  });
  for (const code of ["EBG-KUBERNETES", "EBG-CREDENTIALS"] as const)
    it(`refuses us when its answer, or our login, is the trouble (${code})`, async () => {
      const seen = await look(code);
      assert.deepEqual([seen?.reachable, seen?.refusal], [false, "the remedy"]);
    });
});

describe("what the data-plane probe asks", () => {
  const asked: readonly (readonly [key: string, url: string])[] = [
    ["shop-web", "http://shop.elb.example:80/orders"],
    ["shop-api", "http://shop.elb.example:8443/orders"],
    ["plain", "http://plain.elb.example:81/"],
  ];
  for (const [key, url] of asked)
    it(`${key}: its own port, its service's path`, () => assert.equal(probeUrl({ config, loadBalancer }, key), url));
});

describe("target groups of one member each", () => {
  const own = (member: string): ServiceTargetGroup => ({
    ...group(`plain@${member}`, "plain", 81),
    portKey: "plain",
    member,
  });
  const services = { "plain@blue": own("blue"), "plain@green": own("green") };
  const member = {
    services: {
      plain: {
        namespace: "plain",
        service: "plain",
        servicePort: 8080,
        targetGroupArn: null,
        binding: null,
        selector: {},
      },
    },
  } as unknown as MemberOutputs;

  it("hold what a member's cluster says under the group in which it serves; requests go to each port once", async () => {
    const asked: string[] = [];
    const ports = {
      kubernetes: {
        bindings: () => Promise.resolve([]),
        readyEndpoints: () => Promise.resolve(["10.0.0.1:8080"]),
      },
      aws: {
        targets: () => Promise.resolve([]),
        probe: (url: string) => Promise.resolve((asked.push(url), { sent: 1, failed: 0, firstFailure: null })),
      },
      clock: { now: () => 0 },
    } as unknown as Ports;
    const environment = { config, loadBalancer: { ...loadBalancer, services } } as unknown as EnvironmentOutputs;
    const seen = await observe(ports, environment, { blue: member, green: member }, { ...plainLook, probes: 1 });
    assert.deepEqual(Object.keys(seen.groups), ["plain@blue", "plain@green"]);
    assert.deepEqual(Object.keys(seen.members["green"]?.services ?? {}), ["plain@green"]);
    assert.deepEqual(groupsOfMember(seen, "blue"), ["plain@blue"]);
    assert.deepEqual([Object.keys(seen.probes), asked], [["plain"], ["http://plain.elb.example:81/"]]);
  });
});
