import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ApplicationLoadBalancer,
  type ApplicationLoadBalancerArgs,
  SharedLoadBalancer,
  type SharedLoadBalancerArgs,
} from "../../components";
import { distinctName } from "../../components/internal/names";
import { find, listing, type Registered, runUnderMocks } from "../stacks/mock-engine";

const where = {
  loadBalancerName: "dev",
  vpcId: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2"],
  podCidrBlock: "10.0.0.0/16",
};
const service = (name: string, more: object = {}) => ({ name, port: 80, targetPort: 8080, ...more });
const certificateArns = ["arn:aws:acm:us-east-1:123456789012:certificate/1", "arn:aws:acm:us-east-1:1:certificate/2"];

const application = (args: Partial<ApplicationLoadBalancerArgs> = {}) =>
  runUnderMocks({ stack: "dev" }, async () => {
    const { services } = new ApplicationLoadBalancer("dev", { ...where, services: [service("web")], ...args });
    return services;
  });
const network = (args: Partial<SharedLoadBalancerArgs> = {}) =>
  runUnderMocks({ stack: "dev" }, async () => {
    const { services } = new SharedLoadBalancer("dev", { ...where, services: [service("web")], ...args });
    return services;
  });

const groupArn = (name: string): string => `arn:aws:lb/targetGroup:TargetGroup:dev-${name}`;
const forwards = (weights: Readonly<Record<string, number>>) => [
  {
    type: "forward",
    forward: {
      targetGroups: Object.entries(weights).map(([name, weight]) => ({ arn: groupArn(name), weight })),
    },
  },
];
const inputsOf = (resources: readonly Registered[], type: string, name: string) =>
  find(resources, `aws:lb/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`, name).inputs;

describe("a Network Load Balancer with weights", () => {
  const weights = { blue: 90, green: 10, teal: 0 };

  it("has a target group for each member, and sends to each by a weight that is written out, 0 as well", async () => {
    const { resources, outputs } = await network({ weights });
    const listener = inputsOf(resources, "Listener", "dev-web");
    assert.deepEqual(listener["defaultActions"], forwards({ "web@blue": 90, "web@green": 10, "web@teal": 0 }));
    const group = inputsOf(resources, "TargetGroup", "dev-web@green");
    assert.deepEqual(
      [group["name"], group["protocol"], group["port"], group["preserveClientIp"]],
      [distinctName(["dev", "web", "green"], 32), "TCP", 8080, "false"],
    );
    assert.deepEqual(
      Object.values(outputs).map(({ name, service: of, member, ruleArn }) => [name, of, member, ruleArn]),
      ["blue", "green", "teal"].map((member) => [`web@${member}`, "web", member, null]),
    );
  });

  it("takes no zone out of DNS for the group of a member that stands by, and leaves that to AWS where all share one", async () => {
    const off = {
      dnsFailover: { minimumHealthyTargetsCount: "off", minimumHealthyTargetsPercentage: "off" },
      // AWS's own: the provider reads both blocks back, and one that is not declared is a change for ever.
      unhealthyStateRouting: { minimumHealthyTargetsCount: 1, minimumHealthyTargetsPercentage: "off" },
    };
    for (const run of [await network({ weights }), await application({ weights })])
      assert.deepEqual(inputsOf(run.resources, "TargetGroup", "dev-web@teal")["targetGroupHealth"], off);
    for (const run of [await network(), await application()])
      assert.equal(inputsOf(run.resources, "TargetGroup", "dev-web")["targetGroupHealth"], undefined);
  });

  it("keeps the deployed ones where an update must not move traffic", async () => {
    const ignored = async (args: Partial<SharedLoadBalancerArgs>) =>
      find((await network(args)).resources, "aws:lb/listener:Listener", "dev-web").ignoreChanges;
    assert.deepEqual(await ignored({ weights, keepWeights: true }), ["defaultActions"]);
    assert.deepEqual(await ignored({ weights }), []);
    assert.deepEqual(await ignored({}), []);
  });

  it("protects the groups of all members but those that are gone", async () => {
    const { resources } = await network({ weights, goneMembers: ["teal"] });
    assert.deepEqual(
      listing(resources.filter(({ type, protect }) => protect && type.includes("targetGroup"))),
      ["blue", "green"].map((member) => `aws:lb/targetGroup:TargetGroup dev-web@${member}`),
    );
  });

  it("is refused without any weight, with more members than an action has, and with what is no weight", async () => {
    const refused = (given: Record<string, number>, message: RegExp) =>
      assert.rejects(network({ weights: given }), message);
    await refused({ blue: 0, green: 0 }, /weights: .*must not all be 0/);
    await refused({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }, /weights: .*must have 1 to 5 members/);
    await refused(
      { blue: 1000, green: 0.5 },
      /weights\.blue: 1000: must be a whole number from 0 to 999[^]*weights\.green/,
    );
    await refused({}, /weights: \[\]: must have 1 to 5 members/);
  });
});

describe("names of members' target groups", () => {
  const part = fc.stringMatching(/^[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,8})?$/);
  it("fit, and differ whenever environment, service or member do", () => {
    fc.assert(
      fc.property(fc.tuple(part, part, part), fc.tuple(part, part, part), (a, b) => {
        const [one, other] = [distinctName(a, 32), distinctName(b, 32)];
        assert.ok(one.length <= 32 && !one.endsWith("-"), one);
        if (a.join("@") !== b.join("@")) assert.notEqual(one, other);
      }),
    );
    assert.notEqual(distinctName(["dev", "web-x", "y"], 32), distinctName(["dev", "web", "x-y"], 32));
    assert.match(distinctName(["dev", "web", "blue"], 32), /^dev-web-blue-[0-9a-f]{8}$/, "not that of a shared group");
  });
});

describe("an Application Load Balancer", () => {
  it("has a listener for each port, a rule for each service with a match, and one security-group rule a port", async () => {
    const services = [
      service("web"),
      service("shop", { match: { priority: 10, hosts: ["shop.example.com"] } }),
      service("admin", { port: 8443, targetPort: 9000 }),
    ];
    const { resources, outputs } = await application({ services });
    assert.deepEqual(listing(resources), [
      "aws:ec2/securityGroup:SecurityGroup dev",
      "aws:lb/listener:Listener dev-80",
      "aws:lb/listener:Listener dev-8443",
      "aws:lb/listenerRule:ListenerRule dev-shop",
      "aws:lb/loadBalancer:LoadBalancer dev",
      "aws:lb/targetGroup:TargetGroup dev-admin",
      "aws:lb/targetGroup:TargetGroup dev-shop",
      "aws:lb/targetGroup:TargetGroup dev-web",
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule dev-pods-8080",
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule dev-pods-9000",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule dev-clients-80-0-0-0-0-0",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule dev-clients-8443-0-0-0-0-0",
      "eks-blue-green:index:ApplicationLoadBalancer dev",
    ]);
    assert.deepEqual(inputsOf(resources, "Listener", "dev-80")["defaultActions"], [
      { type: "forward", targetGroupArn: groupArn("web") },
    ]);
    const rule = inputsOf(resources, "ListenerRule", "dev-shop");
    assert.deepEqual(
      [rule["listenerArn"], rule["priority"], rule["conditions"], rule["actions"]],
      [
        "arn:aws:lb/listener:Listener:dev-80",
        10,
        [{ hostHeader: { values: ["shop.example.com"] } }],
        [{ type: "forward", targetGroupArn: groupArn("shop") }],
      ],
    );
    const rules = await Promise.all(Object.values(outputs).map(async ({ name, ruleArn }) => [name, ruleArn]));
    assert.deepEqual(Object.fromEntries(rules), {
      web: null,
      shop: "arn:aws:lb/listenerRule:ListenerRule:dev-shop",
      admin: null,
    });
  });

  it("is one, with HTTP groups, AWS's protection and none of a Network Load Balancer's settings", async () => {
    const { resources } = await application({ internal: true });
    const balancer = inputsOf(resources, "LoadBalancer", "dev");
    assert.deepEqual(
      ["loadBalancerType", "internal", "enableDeletionProtection", "idleTimeout", "enableCrossZoneLoadBalancing"].map(
        (key) => balancer[key],
      ),
      ["application", true, true, 60, undefined],
    );
    const group = inputsOf(resources, "TargetGroup", "dev-web");
    assert.deepEqual(
      ["protocol", "protocolVersion", "preserveClientIp", "connectionTermination"].map((key) => group[key]),
      ["HTTP", "HTTP1", undefined, undefined],
    );
  });

  it("says what its groups don't have too: the provider keeps what is left out", async () => {
    const settings = async (more: object): Promise<unknown[]> => {
      const group = inputsOf(
        (await application({ services: [service("web", more)] })).resources,
        "TargetGroup",
        "dev-web",
      );
      return [group["loadBalancingAlgorithmType"], group["stickiness"]];
    };
    assert.deepEqual(await settings({}), ["round_robin", { enabled: false, type: "lb_cookie" }]);
    assert.deepEqual(await settings({ algorithm: "least_outstanding_requests", stickinessSeconds: 60 }), [
      "least_outstanding_requests",
      { enabled: true, type: "lb_cookie", cookieDuration: 60 },
    ]);
  });

  it("protects its listeners but the one that only redirects, so that this can go", async () => {
    const https = { ports: [443], certificateArns: ["arn:aws:acm:us-east-1:1:certificate/a"], redirectFrom: 80 };
    const { resources } = await application({ services: [service("web", { port: 443 })], https });
    const isProtected = (name: string) => find(resources, "aws:lb/listener:Listener", name).protect;
    assert.deepEqual([isProtected("dev-443"), isProtected("dev-80")], [true, false]);
  });

  it("answers 404 to what no service gets", async () => {
    const services = [service("shop", { match: { priority: 10, paths: ["/shop/*"], methods: ["GET"] } })];
    const { resources } = await application({ services });
    assert.deepEqual(inputsOf(resources, "Listener", "dev-80")["defaultActions"], [
      {
        type: "fixed-response",
        fixedResponse: { contentType: "text/plain", messageBody: "no service has this address", statusCode: "404" },
      },
    ]);
    assert.deepEqual(inputsOf(resources, "ListenerRule", "dev-shop")["conditions"], [
      { pathPattern: { values: ["/shop/*"] } },
      { httpRequestMethod: { values: ["GET"] } },
    ]);
  });

  it("divides requests by weights in listeners and rules alike, and keeps them where it must", async () => {
    const services = [
      service("web"),
      service("shop", { match: { priority: 10, headers: [{ name: "X-Tenant", values: ["shop"] }] } }),
    ];
    const weights = { blue: 100, green: 0 };
    const { resources } = await application({ services, weights, keepWeights: true });
    const rule = find(resources, "aws:lb/listenerRule:ListenerRule", "dev-shop");
    assert.deepEqual(rule.inputs["actions"], forwards({ "shop@blue": 100, "shop@green": 0 }));
    assert.deepEqual(rule.inputs["conditions"], [{ httpHeader: { httpHeaderName: "X-Tenant", values: ["shop"] } }]);
    const listener = find(resources, "aws:lb/listener:Listener", "dev-80");
    assert.deepEqual(listener.inputs["defaultActions"], forwards({ "web@blue": 100, "web@green": 0 }));
    assert.deepEqual([rule.ignoreChanges, listener.ignoreChanges], [["actions"], ["defaultActions"]]);
  });

  it("speaks HTTPS with its certificates, and redirects from a port that lets clients in", async () => {
    const https = { ports: [443], certificateArns, redirectFrom: 80 };
    const { resources } = await application({ services: [service("web", { port: 443 })], https });
    const listener = inputsOf(resources, "Listener", "dev-443");
    assert.deepEqual(
      [listener["protocol"], listener["certificateArn"], listener["sslPolicy"]],
      ["HTTPS", certificateArns[0], "ELBSecurityPolicy-TLS13-1-2-2021-06"],
    );
    const more = resources.filter(({ type }) => type === "aws:lb/listenerCertificate:ListenerCertificate");
    assert.deepEqual(
      more.map(({ inputs }) => inputs["certificateArn"]),
      certificateArns.slice(1),
    );
    assert.deepEqual(inputsOf(resources, "Listener", "dev-80")["defaultActions"], [
      { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } },
    ]);
    find(resources, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "dev-clients-80-0-0-0-0-0");
  });

  it("has the settings that it is given, and leaves all others to AWS", async () => {
    const acl = "arn:aws:wafv2:us-east-1:1:regional/webacl/a/b";
    const { resources } = await application({
      services: [service("web", { algorithm: "round_robin", slowStartSeconds: 60, stickinessSeconds: 300 })],
      idleTimeoutSeconds: 90,
      clientKeepAliveSeconds: 600,
      dropInvalidHeaders: true,
      desyncMode: "strictest",
      accessLogs: { bucket: "logs", prefix: "dev" },
      webAclArn: acl,
    });
    const balancer = inputsOf(resources, "LoadBalancer", "dev");
    const keys = ["idleTimeout", "clientKeepAlive", "dropInvalidHeaderFields", "desyncMitigationMode", "accessLogs"];
    assert.deepEqual(
      keys.map((key) => balancer[key]),
      [90, 600, true, "strictest", { enabled: true, bucket: "logs", prefix: "dev" }],
    );
    const group = inputsOf(resources, "TargetGroup", "dev-web");
    assert.deepEqual(
      ["loadBalancingAlgorithmType", "slowStart", "stickiness"].map((key) => group[key]),
      ["round_robin", 60, { enabled: true, type: "lb_cookie", cookieDuration: 300 }],
    );
    const association = find(resources, "aws:wafv2/webAclAssociation:WebAclAssociation", "dev").inputs;
    assert.deepEqual(association, { resourceArn: "arn:aws:lb/loadBalancer:LoadBalancer:dev", webAclArn: acl });
    const plain = (await application()).resources;
    assert.deepEqual(
      keys.slice(1).map((key) => inputsOf(plain, "LoadBalancer", "dev")[key]),
      [undefined, undefined, undefined, undefined],
    );
    assert.ok(!plain.some(({ type }) => type.startsWith("aws:wafv2/")));
  });

  it("protects what belongs to all members", async () => {
    const { resources } = await application({
      services: [service("web"), service("shop", { match: { priority: 1, paths: ["/shop"] } })],
    });
    assert.deepEqual(
      resources.filter(({ type, protect }) => type.startsWith("aws:lb/") && !protect),
      [],
    );
  });

  for (const { what, args, message } of [
    {
      what: "two services of a port without a match",
      args: { services: [service("web"), service("shop")] },
      message: /services\[1\]\.match: \(missing\): is required: another service of port 80 has none as well/,
    },
    {
      what: "one priority twice on a port",
      args: {
        services: ["a", "b"].map((name) => service(name, { match: { priority: 5, paths: [`/${name}`] } })),
      },
      message: /services\[1\]\.match\.priority: 5: is taken by another service of port 80/,
    },
    {
      what: "a match without a condition",
      args: { services: [service("web", { match: { priority: 5 } })] },
      message: /services\[0\]\.match: 5: must say something of hosts, paths, methods or headers/,
    },
    {
      what: "HTTPS of a port that no service has, without certificates",
      args: { https: { ports: [443], certificateArns: [] } },
      message: /https\.certificateArns: 0: must be 1 to 26[^]*https\.ports\[0\]: 443: is no service's port/,
    },
    {
      what: "a redirect from a service's port",
      args: { https: { ports: [80], certificateArns, redirectFrom: 80 } },
      message: /https\.redirectFrom: 80: must be a port of its own/,
    },
    {
      what: "attributes out of their ranges",
      args: { idleTimeoutSeconds: 0, services: [service("web", { stickinessSeconds: 0 })] },
      message:
        /idleTimeoutSeconds: 0: must be a whole number from 1 to 4000[^]*services\[0\]\.stickinessSeconds: 0: must be/,
    },
    {
      what: "cookies beside weights, and slow start beside another algorithm",
      args: {
        weights: { blue: 1 },
        services: [service("web", { stickinessSeconds: 60, slowStartSeconds: 60, algorithm: "weighted_random" })],
      },
      message:
        /slowStartSeconds: 60: needs algorithm round_robin[^]*stickinessSeconds: 60: can't be combined with weights/,
    },
    {
      what: "more rules than it has",
      args: {
        services: Array.from({ length: 101 }, (_, index) =>
          service(`s${index}`, { match: { priority: index + 1, paths: [`/${index}`] } }),
        ),
      },
      message: /services: 101: make 101 rules, and a load balancer has at most 100[^]*make 101 target groups/,
    },
  ])
    it(`is refused with ${what}`, () => assert.rejects(application(args), message));
});
