/** Weights as AWS tells them: of default actions and of rules, over pages, and of what is gone. */
import assert from "node:assert/strict";
import type { Action, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { callAws } from "../../../../automation/adapters/aws/call";
import { readWeights } from "../../../../automation/adapters/aws/route-weights";
import { DriverError } from "../../../../automation/errors";
import type { Route } from "../../../../automation/ports";

const elbArn = (rest: string): string => `arn:aws:elasticloadbalancing:eu-central-1:111122223333:${rest}`;
const alb = elbArn("loadbalancer/app/dev/1");
const listener = (id: number): string => elbArn(`listener/app/dev/1/${id}`);
const rule = (id: number, of: number): string => elbArn(`listener-rule/app/dev/1/${id}/${of}`);
const group = (name: string): string => elbArn(`targetgroup/${name}/1`);
const forward = (weights: Readonly<Record<string, number | undefined>>): Action => ({
  Type: "forward",
  ForwardConfig: {
    TargetGroups: Object.entries(weights).map(([name, Weight]) => ({
      TargetGroupArn: group(name),
      ...(Weight === undefined ? {} : { Weight }),
    })),
  },
});
const byDefault = (id: number): Route => ({ loadBalancerArn: alb, listenerArn: listener(id), ruleArn: null });
const byRule = (id: number, of: number): Route => ({
  loadBalancerArn: alb,
  listenerArn: listener(id),
  ruleArn: rule(id, of),
});

interface Asked {
  readonly LoadBalancerArn?: string;
  readonly ListenerArn?: string;
  readonly Marker?: string;
}

describe("weights of a load balancer's routes", () => {
  const asked: Asked[] = [];
  beforeEach(() => void (asked.length = 0));

  /** Two to a page, as AWS pages by marker. */
  const client = (
    listeners: Readonly<Record<string, readonly Action[]>>,
    rules: Readonly<Record<string, Readonly<Record<string, readonly Action[]>>>> = {},
    fails?: { readonly name: string },
  ) =>
    ({
      send: async ({ input }: { input: Asked }) => {
        asked.push(input);
        if (fails !== undefined) throw Object.assign(new Error("no"), fails);
        const all =
          input.ListenerArn === undefined
            ? Object.entries(listeners).map(([ListenerArn, DefaultActions]) => ({ ListenerArn, DefaultActions }))
            : Object.entries(rules[input.ListenerArn] ?? {}).map(([RuleArn, Actions]) => ({ RuleArn, Actions }));
        const at = Number(input.Marker ?? 0);
        const page = all.slice(at, at + 2);
        const next = at + 2 < all.length ? { NextMarker: String(at + 2) } : {};
        return input.ListenerArn === undefined ? { Listeners: page, ...next } : { Rules: page, ...next };
      },
    }) as unknown as ElasticLoadBalancingV2Client;

  it("are read over all pages, with as few calls as there are load balancers and listeners with rules", async () => {
    const elb = client(
      {
        [listener(1)]: [forward({ blue: 90, green: 10 })],
        [listener(2)]: [forward({ blue: 90, green: 10 })],
        [listener(3)]: [forward({ api: 1 })],
      },
      { [listener(4)]: { [rule(4, 1)]: [forward({ blue: 0, green: 100 })], [rule(4, 2)]: [forward({ b: 5 })] } },
    );
    const seen = await readWeights(elb, callAws, [byDefault(3), byRule(4, 2), byDefault(1), byRule(4, 1)]);
    assert.deepEqual(
      seen.map(({ weights }) => weights),
      [
        { [group("api")]: 1 },
        { [group("b")]: 5 },
        { [group("blue")]: 90, [group("green")]: 10 },
        { [group("blue")]: 0, [group("green")]: 100 },
      ],
    );
    assert.deepEqual(
      seen.map(({ listenerArn, ruleArn }) => [listenerArn, ruleArn]),
      [
        [listener(3), null],
        [listener(4), rule(4, 2)],
        [listener(1), null],
        [listener(4), rule(4, 1)],
      ],
    );
    assert.deepEqual(
      asked.filter(({ Marker }) => Marker === undefined),
      [{ LoadBalancerArn: alb }, { ListenerArn: listener(4) }],
    );
    assert.equal(asked.length, 3);
  });

  it("are those of the action that forwards, also where it names one group alone", async () => {
    const elb = client({
      [listener(1)]: [{ Type: "authenticate-oidc" }, { Type: "forward", TargetGroupArn: group("blue") }],
      [listener(2)]: [{ Type: "fixed-response" }],
      [listener(3)]: [forward({ blue: undefined })],
    });
    const seen = await readWeights(elb, callAws, [byDefault(1), byDefault(2), byDefault(3)]);
    assert.deepEqual(
      seen.map(({ weights }) => weights),
      [{ [group("blue")]: 1 }, {}, { [group("blue")]: 1 }],
    );
  });

  it("are null of what is gone: one listener, one rule, or the whole load balancer", async () => {
    const seen = await readWeights(client({ [listener(1)]: [] }, { [listener(2)]: {} }), callAws, [
      byDefault(9),
      byRule(2, 9),
      byDefault(1),
    ]);
    assert.deepEqual(
      seen.map(({ weights }) => weights),
      [null, null, {}],
    );
    const none = client({}, {}, { name: "LoadBalancerNotFoundException" });
    assert.deepEqual(
      (await readWeights(none, callAws, [byDefault(1)])).map(({ weights }) => weights),
      [null],
    );
  });

  it("that are refused or throttled are an error, never taken for gone", async () => {
    for (const [name, code] of [
      ["Throttling", "EBG-AWS"],
      ["AccessDenied", "EBG-CREDENTIALS"],
    ] as const)
      await assert.rejects(
        readWeights(client({}, {}, { name }), callAws, [byDefault(1), byRule(1, 1)]),
        (error: unknown) => error instanceof DriverError && error.code === code,
      );
  });
});
