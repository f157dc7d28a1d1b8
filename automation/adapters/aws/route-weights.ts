/** Weights of target groups as ELBv2 has them, in listeners and in rules. */
import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  type Action,
  type ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Route, RouteWeights } from "../../ports";
import { unlessGone, type Call } from "./call";

/** Of one group that is named without a weight. */
const alone = 1;

/** Only one action of a route forwards: those before it sign users in. */
function weightsOf(actions: readonly Action[]): Readonly<Record<string, number>> {
  const forward = actions.find(({ Type }) => Type === "forward");
  const several = forward?.ForwardConfig?.TargetGroups ?? [];
  if (several.length > 0)
    return Object.fromEntries(several.map(({ TargetGroupArn, Weight }) => [TargetGroupArn ?? "", Weight ?? alone]));
  return forward?.TargetGroupArn === undefined ? {} : { [forward.TargetGroupArn]: alone };
}

interface Page<T> {
  readonly found: readonly T[];
  readonly next: string | undefined;
}

/** None when what was asked about is gone. */
async function everyPage<T>(ask: (marker: { readonly Marker?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const page = await unlessGone(ask(marker === undefined ? {} : { Marker: marker }));
    all.push(...(page?.found ?? []));
    marker = page?.next;
  } while (marker !== undefined);
  return all;
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

/**
 * A call (or as many as AWS makes pages of it) for each load balancer with a default action among the routes, and for
 * each listener with a rule among them: by name, one that is gone would make the whole question fail.
 */
export async function readWeights(
  elb: ElasticLoadBalancingV2Client,
  call: Call,
  routes: readonly Route[],
): Promise<readonly RouteWeights[]> {
  const [byDefault, byRule] = [
    unique(routes.filter(({ ruleArn }) => ruleArn === null).map(({ loadBalancerArn }) => loadBalancerArn)),
    unique(routes.filter(({ ruleArn }) => ruleArn !== null).map(({ listenerArn }) => listenerArn)),
  ];
  const listeners = byDefault.map((LoadBalancerArn) =>
    everyPage(async (marker) => {
      const answer = await call("elasticloadbalancing:DescribeListeners", (options) =>
        elb.send(new DescribeListenersCommand({ LoadBalancerArn, ...marker }), options),
      );
      return {
        found: (answer.Listeners ?? []).map(
          ({ ListenerArn, DefaultActions }) => [ListenerArn, DefaultActions] as const,
        ),
        next: answer.NextMarker,
      };
    }),
  );
  const rules = byRule.map((ListenerArn) =>
    everyPage(async (marker) => {
      const answer = await call("elasticloadbalancing:DescribeRules", (options) =>
        elb.send(new DescribeRulesCommand({ ListenerArn, ...marker }), options),
      );
      return {
        found: (answer.Rules ?? []).map(({ RuleArn, Actions }) => [RuleArn, Actions] as const),
        next: answer.NextMarker,
      };
    }),
  );
  const actions = new Map((await Promise.all([...listeners, ...rules])).flat());
  return routes.map(({ listenerArn, ruleArn }) => {
    const arn = ruleArn ?? listenerArn;
    return { listenerArn, ruleArn, weights: actions.has(arn) ? weightsOf(actions.get(arn) ?? []) : null };
  });
}
