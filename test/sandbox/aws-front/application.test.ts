/** Application load balancers: what AWS refuses of actions, rules, certificates and groups, and what routes by them. */
import assert from "node:assert/strict";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { hasCode, until, useRig } from "./rig";

const certificate = (id: string): string => `arn:aws:acm:eu-west-1:123456789012:certificate/${id}`;
const path = (...values: string[]): elb.RuleCondition => ({
  Field: "path-pattern",
  PathPatternConfig: { Values: values },
});
const notFound: elb.Action = {
  Type: "fixed-response",
  FixedResponseConfig: { StatusCode: "404", ContentType: "text/plain", MessageBody: "no" },
};

describe("AWS front, application load balancers", function () {
  this.timeout(120_000);
  const rig = useRig();
  let alb = "";
  let http = "";
  let blue = "";
  let green = "";

  const balancer = async (name: string): Promise<string> =>
    (await rig().elb.send(new elb.CreateLoadBalancerCommand({ Name: name, Subnets: rig().subnets }))).LoadBalancers![0]!
      .LoadBalancerArn!;
  const group = async (name: string, more: Partial<elb.CreateTargetGroupCommandInput> = {}): Promise<string> =>
    (
      await rig().elb.send(
        new elb.CreateTargetGroupCommand({
          Name: name,
          Protocol: "HTTP",
          Port: 8080,
          VpcId: rig().vpcId,
          TargetType: "ip",
          ...more,
        }),
      )
    ).TargetGroups![0]!.TargetGroupArn!;
  const forward = (weights: Record<string, number>, more: Partial<elb.ForwardActionConfig> = {}): elb.Action => ({
    Type: "forward",
    ForwardConfig: {
      TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
      ...more,
    },
  });
  let nextPort = 8000;
  const listen = async (
    actions: elb.Action[],
    more: Partial<elb.CreateListenerCommandInput> = {},
  ): Promise<elb.Listener> =>
    (
      await rig().elb.send(
        new elb.CreateListenerCommand({
          LoadBalancerArn: alb,
          Protocol: "HTTP",
          Port: nextPort++,
          DefaultActions: actions,
          ...more,
        }),
      )
    ).Listeners![0]!;
  const rule = async (
    Priority: number,
    Conditions: elb.RuleCondition[],
    Actions: elb.Action[] = [notFound],
    ListenerArn = http,
  ): Promise<elb.Rule> =>
    (await rig().elb.send(new elb.CreateRuleCommand({ ListenerArn, Priority, Conditions, Actions }))).Rules![0]!;

  before(async () => {
    alb = await balancer("alb");
    [blue, green] = [await group("blue"), await group("green")];
    http = (await listen([notFound], { Port: 80 })).ListenerArn!;
  });

  it("forward to at most five groups, each once, with weights from 0 to 999, and only to groups of their own kind", async () => {
    const six = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => group(`six-${n}`)));
    await assert.rejects(
      rule(1000, [path("/x")], [forward(Object.fromEntries(six.map((arn) => [arn, 1])))]),
      hasCode("TooManyTargetGroupsException"),
    );
    await assert.rejects(rule(1000, [path("/x")], [forward({ [blue]: 1000 })]), hasCode("ValidationError"));
    const tcp = await group("tcp", { Protocol: "TCP" });
    await assert.rejects(
      rule(1000, [path("/x")], [forward({ [blue]: 1, [tcp]: 1 })]),
      hasCode("InvalidConfigurationRequestException"),
    );
    const other = await balancer("other");
    await rig().elb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: other,
        Protocol: "HTTP",
        Port: 80,
        DefaultActions: [forward({ [six[0]!]: 1 })],
      }),
    );
    await assert.rejects(
      rule(1000, [path("/x")], [forward({ [blue]: 1, [six[0]!]: 0 })]),
      hasCode("TargetGroupAssociationLimitException"),
    );
  });

  it("route by the rules in the order of their priority, which the data plane is told", async () => {
    const first = await rule(
      20,
      [path("/b*"), { Field: "host-header", Values: ["shop.example.com"] }],
      [forward({ [blue]: 90, [green]: 10 }, { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 } })],
    );
    await rule(
      10,
      [
        {
          Field: "query-string",
          QueryStringConfig: { Values: [{ Key: "v", Value: "2" }, { Value: "x" }] },
        },
        { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-T", Values: ["a*"] } },
      ],
      [{ Type: "redirect", RedirectConfig: { Protocol: "HTTPS", Port: "443", StatusCode: "HTTP_301" } }],
    );
    const rules = await until("the rules", () => {
      const found = rig().state?.listeners.find((one) => one.arn === http)?.routing.rules;
      return found?.length === 2 && found;
    });
    assert.deepEqual(rules[0]!.conditions, [
      {
        field: "query-string",
        pairs: [
          { key: "v", value: "2" },
          { key: null, value: "x" },
        ],
      },
      { field: "http-header", name: "X-T", values: ["a*"], regexValues: [] },
    ]);
    assert.deepEqual(rules[0]!.action, {
      type: "redirect",
      protocol: "HTTPS",
      host: "#{host}",
      port: "443",
      path: "/#{path}",
      query: "#{query}",
      status: 301,
    });
    assert.deepEqual(rules[1], {
      arn: first.RuleArn,
      conditions: [
        { field: "path-pattern", values: ["/b*"], regexValues: [] },
        { field: "host-header", values: ["shop.example.com"], regexValues: [] },
      ],
      action: {
        type: "forward",
        targetGroups: [
          { arn: blue, weight: 90 },
          { arn: green, weight: 10 },
        ],
        sticky: { seconds: 60 },
      },
    });
    const listener = rig().state!.listeners.find((one) => one.arn === http)!;
    assert.deepEqual(
      [listener.type, listener.protocol, listener.idleTimeoutSeconds, listener.clientKeepAliveSeconds],
      ["application", "HTTP", 60, 3600],
    );
    await rig().elb.send(
      new elb.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: alb,
        Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "90" }],
      }),
    );
    await until("its idle time-out", () => rig().state?.listeners.some((one) => one.idleTimeoutSeconds === 90));
  });

  it("replace a rule's whole action when it is modified, and keep what is not named", async () => {
    const made = await rule(30, [path("/m")], [forward({ [blue]: 100, [green]: 0 })]);
    const modified = (
      await rig().elb.send(new elb.ModifyRuleCommand({ RuleArn: made.RuleArn, Actions: [forward({ [green]: 5 })] }))
    ).Rules![0]!;
    assert.deepEqual(modified.Actions![0]!.ForwardConfig!.TargetGroups, [{ TargetGroupArn: green, Weight: 5 }]);
    assert.deepEqual(modified.Conditions, made.Conditions);
    assert.equal(modified.Priority, "30");
  });

  it("have a priority once only, and two rules trade theirs in one call alone", async () => {
    const [a, b] = [await rule(101, [path("/a")]), await rule(102, [path("/b")])];
    await assert.rejects(rule(101, [path("/c")]), hasCode("PriorityInUseException"));
    const set = (...pairs: [elb.Rule, number][]) =>
      rig().elb.send(
        new elb.SetRulePrioritiesCommand({
          RulePriorities: pairs.map(([{ RuleArn }, Priority]) => ({ RuleArn, Priority })),
        }),
      );
    await assert.rejects(set([a, 102]), hasCode("PriorityInUseException"));
    const swapped = (await set([a, 102], [b, 101])).Rules!;
    assert.deepEqual(
      swapped.map((one) => one.Priority),
      ["102", "101"],
    );
  });

  const refused: readonly [string, elb.RuleCondition[], string][] = [
    ["no condition", [], "ValidationError"],
    ["two hosts' conditions", [path("/a"), path("/b")], "InvalidConfigurationRequestException"],
    ["four values of one condition", [path("/a", "/b", "/c", "/d")], "ValidationError"],
    [
      "six values in all",
      [path("/a", "/b", "/c"), { Field: "host-header", Values: ["a.b", "c.d", "e.f"] }],
      "ValidationError",
    ],
    ["six wildcards", [path("/*/*/*", "/?/?/?")], "ValidationError"],
    ["an empty value", [path("")], "ValidationError"],
    [
      "a method that is none",
      [{ Field: "http-request-method", HttpRequestMethodConfig: { Values: ["get"] } }],
      "ValidationError",
    ],
    [
      "a header condition for the host",
      [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "Host", Values: ["x"] } }],
      "ValidationError",
    ],
    ["a field that AWS does not have", [{ Field: "cookie", Values: ["x"] }], "ValidationError"],
  ];
  for (const [what, conditions, code] of refused)
    it(`refuse a rule with ${what}`, () => assert.rejects(rule(2000, conditions), hasCode(code)));

  const badActions: readonly [string, elb.Action[], string][] = [
    ["none that ends", [], "ValidationError"],
    [
      "two that end",
      [
        { ...notFound, Order: 1 },
        { ...notFound, Order: 2 },
      ],
      "InvalidLoadBalancerActionException",
    ],
    [
      "a redirect to itself",
      [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_302" } }],
      "InvalidLoadBalancerActionException",
    ],
    [
      "a fixed response with 302",
      [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "302" } }],
      "ValidationError",
    ],
    [
      "a fixed response of a type that is not allowed",
      [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200", ContentType: "image/png" } }],
      "ValidationError",
    ],
    [
      "stickiness without a duration",
      [{ Type: "forward", ForwardConfig: { TargetGroups: [], TargetGroupStickinessConfig: { Enabled: true } } }],
      "ValidationError",
    ],
  ];
  for (const [what, actions, code] of badActions)
    it(`refuse actions with ${what}`, () => assert.rejects(rule(2000, [path("/r")], actions), hasCode(code)));

  it("need stickiness of the action before that of one of its groups, and lose it the other way round", async () => {
    const [a, b] = [await group("sticky-a"), await group("sticky-b")];
    const made = await rule(200, [path("/s")], [forward({ [a]: 1, [b]: 1 })]);
    const target = (Value: string) =>
      rig().elb.send(
        new elb.ModifyTargetGroupAttributesCommand({
          TargetGroupArn: a,
          Attributes: [{ Key: "stickiness.enabled", Value }],
        }),
      );
    const ofAction = (Enabled: boolean) =>
      rig().elb.send(
        new elb.ModifyRuleCommand({
          RuleArn: made.RuleArn,
          Actions: [
            forward(
              { [a]: 1, [b]: 1 },
              { TargetGroupStickinessConfig: { Enabled, ...(Enabled ? { DurationSeconds: 60 } : {}) } },
            ),
          ],
        }),
      );
    await assert.rejects(target("true"), hasCode("InvalidConfigurationRequestException"));
    await ofAction(true);
    await target("true");
    await assert.rejects(ofAction(false), hasCode("InvalidConfigurationRequestException"));
    await target("false");
    await ofAction(false);
  });

  it("have a certificate where they end TLS and nowhere else, and a policy that AWS has", async () => {
    const secure = { Protocol: "HTTPS" as const, Port: 443 };
    await assert.rejects(listen([notFound], secure), hasCode("CertificateNotFoundException"));
    const Certificates = [{ CertificateArn: certificate("a") }];
    await assert.rejects(listen([notFound], { Certificates }), hasCode("InvalidConfigurationRequestException"));
    await assert.rejects(
      listen([notFound], { ...secure, Certificates, SslPolicy: "ELBSecurityPolicy-2030" }),
      hasCode("SSLPolicyNotFoundException"),
    );
    await assert.rejects(
      listen([notFound], { ...secure, Certificates: [{ CertificateArn: "arn:aws:s3:::bucket" }] }),
      hasCode("ValidationError"),
    );
    const made = await listen([notFound], { ...secure, Certificates });
    assert.equal(made.SslPolicy, "ELBSecurityPolicy-2016-08");
    const plain = (
      await rig().elb.send(new elb.ModifyListenerCommand({ ListenerArn: made.ListenerArn, Protocol: "HTTP" }))
    ).Listeners![0]!;
    assert.deepEqual([plain.Certificates, plain.SslPolicy], [undefined, undefined]);
  });

  it("have no target groups for HTTP/2 here, and say so", async () => {
    await assert.rejects(group("h2", { ProtocolVersion: "HTTP2" }), hasCode("ValidationError"));
    await assert.rejects(group("tcp-v", { Protocol: "TCP", ProtocolVersion: "HTTP1" }), hasCode("ValidationError"));
  });

  it("check targets of a group at weight 0, as of one that is used, and not those of a group that no rule names", async () => {
    const [idle, unused] = [await group("idle"), await group("unused")];
    for (const TargetGroupArn of [idle, unused])
      await rig().elb.send(
        new elb.RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: "10.42.0.9", Port: 8080 }] }),
      );
    await rule(300, [path("/idle")], [forward({ [blue]: 100, [idle]: 0 })]);
    const state = async (TargetGroupArn: string): Promise<string | undefined> =>
      (await rig().elb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn }))).TargetHealthDescriptions![0]!
        .TargetHealth!.State;
    await until("the idle group is told to the data plane", () =>
      rig().state?.targetGroups.some((one) => one.arn === idle && one.protocol === "HTTP" && one.connectionTermination),
    );
    assert.equal(await state(idle), "initial");
    assert.equal(await state(unused), "unused");
    assert.ok(!rig().state!.targetGroups.some((one) => one.arn === unused));
  });

  it("have at most 100 rules over all listeners, and 100 target groups over all rules", async () => {
    alb = await balancer("full");
    const [one, two] = [await listen([notFound]), await listen([notFound])];
    const groups: string[] = [];
    for (let n = 0; n < 100; n++) groups.push(await group(`full-${n}`));
    // 20 rules of five groups use them all.
    for (let n = 0; n < 20; n++)
      await rule(
        n + 1,
        [path(`/${n}`)],
        [forward(Object.fromEntries(groups.slice(5 * n, 5 * n + 5).map((arn) => [arn, 1])))],
        one.ListenerArn,
      );
    const more = await group("full-100");
    await assert.rejects(
      rule(21, [path("/more")], [forward({ [more]: 1 })], two.ListenerArn),
      hasCode("TooManyUniqueTargetGroupsPerLoadBalancerException"),
    );
    await rule(21, [path("/again")], [forward({ [groups[0]!]: 1 })], two.ListenerArn);
    for (let n = 22; n <= 100; n++) await rule(n, [path(`/${n}`)], [notFound], two.ListenerArn);
    await assert.rejects(rule(101, [path("/last")], [notFound], one.ListenerArn), hasCode("TooManyRulesException"));
  });
});
