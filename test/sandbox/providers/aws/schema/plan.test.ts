/** The comparison of a program with what AWS tells, by what the schema says of each attribute. */
import assert from "node:assert/strict";
import type { Props } from "../../../../../sandbox/providers/rpc/values";
import { UNKNOWN } from "../../../../../sandbox/providers/rpc/values";
import {
  block,
  blockSet,
  byDefault,
  computed,
  kept,
  list,
  map,
  mayMiss,
  optional,
  policy,
  replaces,
  required,
  set,
  suppressed,
  type Attribute,
  type ResourceFacts,
} from "../../../../../sandbox/providers/aws/schema/facts";
import { factsOf } from "../../../../../sandbox/providers/aws/schema/index";
import { filled, planned, samePolicy } from "../../../../../sandbox/providers/aws/schema/plan";

const group = factsOf("aws:lb/targetGroup:TargetGroup");
const listener = factsOf("aws:lb/listener:Listener");
const typeOf = (attributes: Readonly<Record<string, Attribute>>, framework = false): ResourceFacts => ({
  source: "",
  read: null,
  attributes,
  ...(framework ? { framework } : {}),
});
/** `path`, with ` !` where another object is needed. */
const changes = (facts: ResourceFacts, wanted: Props, told: Props): string[] =>
  planned(facts, wanted, told).map(({ path, replaces: needed }) => (needed ? `${path} !` : path));

interface Case {
  readonly title: string;
  readonly facts: Readonly<Record<string, Attribute>>;
  readonly wanted: Props;
  readonly told: Props;
  readonly expected: readonly string[];
}
const cases: readonly Case[] = [
  {
    title: "an optional value that is left out",
    facts: { a: optional },
    wanted: {},
    told: { a: "x" },
    expected: ["a"],
  },
  { title: "a zero value, for the older SDK none", facts: { a: optional }, wanted: {}, told: { a: 0 }, expected: [] },
  { title: "a computed value that is left out", facts: { a: computed }, wanted: {}, told: { a: "x" }, expected: [] },
  {
    title: "a computed value that is said",
    facts: { a: computed },
    wanted: { a: "y" },
    told: { a: "x" },
    expected: ["a"],
  },
  { title: "the default", facts: { a: byDefault(3) }, wanted: {}, told: { a: 3 }, expected: [] },
  { title: "another value than the default", facts: { a: byDefault(3) }, wanted: {}, told: { a: 5 }, expected: ["a"] },
  { title: "a default that AWS does not tell", facts: { a: byDefault(3) }, wanted: {}, told: {}, expected: ["a"] },
  { title: "ForceNew", facts: { a: replaces(optional) }, wanted: {}, told: { a: "x" }, expected: ["a !"] },
  {
    title: "numbers and booleans told as text",
    facts: { a: optional },
    wanted: { a: true },
    told: { a: "true" },
    expected: [],
  },
  {
    title: "what only the update will know",
    facts: { a: optional },
    wanted: { a: UNKNOWN },
    told: { a: 1 },
    expected: ["a"],
  },
  {
    title: "a set in another order",
    facts: { a: set(optional) },
    wanted: { a: ["x", "y"] },
    told: { a: ["y", "x"] },
    expected: [],
  },
  {
    title: "a list in another order",
    facts: { a: list(optional) },
    wanted: { a: ["x", "y"] },
    told: { a: ["y", "x"] },
    expected: ["a[0]", "a[1]"],
  },
  {
    title: "a key that others put into a map",
    facts: { a: map(optional) },
    wanted: { a: { k: "v" } },
    told: { a: { k: "v", z: "1" } },
    expected: ["a.z"],
  },
  {
    title: "a whole map that is left out",
    facts: { a: map(optional) },
    wanted: {},
    told: { a: { k: "v" } },
    expected: ["a"],
  },
  {
    title: "an optional block that is left out",
    facts: { a: block(optional, { b: optional }) },
    wanted: {},
    told: { a: { b: 0 } },
    expected: ["a"],
  },
  {
    title: "a block that may miss, unless something is set in it",
    facts: { a: mayMiss(block(optional, { b: byDefault(false), c: required })), d: optional },
    wanted: {},
    told: { a: { b: false, c: 0 }, d: "" },
    expected: [],
  },
  {
    title: "something set in a block that may miss",
    facts: { a: mayMiss(block(optional, { b: optional, c: required })) },
    wanted: {},
    told: { a: { b: true, c: 30 } },
    expected: ["a.b", "a.c"],
  },
  {
    title: "a block that is new to AWS, with something in it that needs another object",
    facts: { a: block(computed, { b: replaces(optional) }) },
    wanted: { a: { b: 1 } },
    told: {},
    expected: ["a !"],
  },
  {
    title: "a set of blocks in another order, with a default left out",
    facts: { a: blockSet(required, { arn: required, weight: byDefault(1) }) },
    wanted: { a: [{ arn: "x" }, { arn: "y", weight: 5 }] },
    told: {
      a: [
        { arn: "y", weight: 5 },
        { arn: "x", weight: 1 },
      ],
    },
    expected: [],
  },
  {
    title: "an attribute whose difference is suppressed",
    facts: { a: suppressed(({ top }) => top("kind") === "off", optional), kind: byDefault("off") },
    wanted: { a: 1 },
    told: { a: 2, kind: "off" },
    expected: [],
  },
  {
    title: "what the state keeps of the program",
    facts: { a: kept(optional) },
    wanted: { a: 2 },
    told: { a: 1 },
    expected: ["a"],
  },
  {
    title: "a policy that means the same",
    facts: { a: policy(required) },
    wanted: { a: '{"Statement":[{"Action":["b","a"],"Effect":"Allow"}]}' },
    told: { a: '{"Statement": [{"Effect": "Allow", "Action": ["a", "b"]}]}' },
    expected: [],
  },
];

describe("what the official aws provider would change", () => {
  for (const { title, facts, wanted, told, expected } of cases)
    it(title, () => assert.deepEqual(changes(typeOf(facts), wanted, told), expected));

  it("is also an empty text, for types of the newer framework", () => {
    assert.deepEqual(changes(typeOf({ a: optional }, true), {}, { a: "" }), ["a"]);
    assert.deepEqual(changes(typeOf({ a: optional }, true), {}, {}), []);
  });

  it("is a block beside the one that a program wrote: AWS tells both parts of a group's health", () => {
    const [dnsFailover, unhealthyStateRouting] = [
      { minimumHealthyTargetsCount: "off", minimumHealthyTargetsPercentage: "off" },
      { minimumHealthyTargetsCount: 1, minimumHealthyTargetsPercentage: "off" },
    ];
    const own = { port: 80, protocol: "HTTP", targetType: "ip", vpcId: "vpc-1", deregistrationDelay: 300 };
    const told = { ...own, targetGroupHealth: { dnsFailover, unhealthyStateRouting } };
    assert.deepEqual(changes(group, own, told), [], "the block may miss as a whole");
    const half = { ...own, targetGroupHealth: { dnsFailover } };
    assert.deepEqual(changes(group, half, told), ["targetGroupHealth.unhealthyStateRouting"]);
    assert.deepEqual(changes(group, told, told), []);
  });

  it("is nothing that the type of a load balancer does not have", () => {
    const balancer = factsOf("aws:lb/loadBalancer:LoadBalancer");
    const network = { loadBalancerType: "network", dnsRecordClientRoutingPolicy: "any_availability_zone" };
    assert.deepEqual(changes(balancer, network, { ...network, idleTimeout: 90 }), []);
    assert.deepEqual(changes(balancer, {}, { loadBalancerType: "application", idleTimeout: 90 }), [
      "clientKeepAlive",
      "desyncMitigationMode",
      "enableHttp2",
      "idleTimeout",
      "xffHeaderProcessingMode",
    ]);
    const grouped = (of: readonly string[]) => ({ ...network, securityGroups: of });
    assert.deepEqual(changes(balancer, grouped(["sg-1"]), grouped([])), ["securityGroups[0] !"]);
  });

  it("is each weight that differs, and no more of an action", () => {
    const forward = (...weights: readonly number[]) => ({
      loadBalancerArn: "lb",
      port: 80,
      defaultActions: [
        { type: "forward", forward: { targetGroups: weights.map((weight, at) => ({ arn: `${at}`, weight })) } },
      ],
    });
    const told = forward(100, 0);
    Object.assign(told.defaultActions[0]!, { order: 1 });
    Object.assign(told.defaultActions[0]!.forward, { stickiness: { enabled: false, duration: 0 } });
    assert.deepEqual(changes(listener, forward(100, 0), told), []);
    assert.deepEqual(changes(listener, forward(90, 10), told), [
      "defaultActions[0].forward.targetGroups[0].weight",
      "defaultActions[0].forward.targetGroups[1].weight",
    ]);
  });

  it("takes inline rules of a security group apart as EC2 does", () => {
    const sg = factsOf("aws:ec2/securityGroup:SecurityGroup");
    const rule = (cidrBlocks: readonly string[]) => ({ protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks });
    const of = (ingress: readonly object[]) => ({ description: "d", vpcId: "v", ingress });
    assert.deepEqual(changes(sg, of([rule(["a", "b"])]), of([rule(["b"]), rule(["a"])])), []);
    assert.deepEqual(changes(sg, of([]), of([rule(["a"])])), ["ingress"]);
  });

  it("sends what the provider takes by default, in blocks too, and nothing that does not apply", () => {
    const { healthCheck, ...rest } = filled(group, { protocol: "TCP", healthCheck: { path: "/a" } });
    assert.deepEqual(healthCheck, {
      enabled: true,
      healthyThreshold: 3,
      interval: 30,
      path: "/a",
      port: "traffic-port",
      protocol: "HTTP",
      unhealthyThreshold: 3,
    });
    assert.deepEqual(rest, {
      deregistrationDelay: 300,
      protocol: "TCP",
      proxyProtocolV2: false,
      targetType: "instance",
    });
  });

  it("tells policies apart that mean something else", () => {
    assert.equal(samePolicy('{"Action":"a"}', '{"Action":["a"]}'), true);
    assert.equal(samePolicy('{"Action":"a"}', '{"Action":["a","b"]}'), false);
    assert.equal(samePolicy("no JSON", "no JSON"), true);
  });
});
