/** What AWS has of weights, asked with the AWS CLI, and whose each target group is, by the environment's outputs. */
import type { EnvironmentOutputs } from "../../../../stacks/contract";
import type { RehearsalStage, Seen } from "../stage";

interface Tuple {
  readonly TargetGroupArn: string;
  readonly Weight: number;
}
interface Routes {
  readonly Rules: readonly {
    readonly RuleArn: string;
    readonly IsDefault: boolean;
    readonly Actions: readonly { readonly ForwardConfig?: { readonly TargetGroups?: readonly Tuple[] } }[];
  }[];
}

const rulesOf = (stage: RehearsalStage, listenerArn: string): Promise<Routes> =>
  stage.json<Routes>("aws", ["elbv2", "describe-rules", "--listener-arn", listenerArn, "--output", "json"]);

async function loadBalancer(stage: RehearsalStage): Promise<EnvironmentOutputs["loadBalancer"]> {
  const outputs = await stage.json<EnvironmentOutputs>("pulumi", [
    ...["stack", "output", "--json"],
    ...["--stack", stage.project.environment],
  ]);
  return outputs.loadBalancer;
}

/** By route (listener or rule) and member. */
export async function weightsInAws(
  stage: RehearsalStage,
): Promise<readonly { readonly service: string; readonly weights: Readonly<Record<string, number>> }[]> {
  const groups = Object.values((await loadBalancer(stage)).services);
  const memberOf = new Map(groups.map((group) => [group.targetGroupArn, group.member ?? "all"]));
  const listeners = [...new Set(groups.map(({ listenerArn }) => listenerArn))];
  const rules = (await Promise.all(listeners.map((arn) => rulesOf(stage, arn)))).flatMap(({ Rules }) => Rules);
  return rules.flatMap(({ Actions }) => {
    const tuples = Actions.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []);
    const [first] = tuples;
    if (first === undefined) return [];
    const service = groups.find(({ targetGroupArn }) => targetGroupArn === first.TargetGroupArn)?.service ?? "?";
    const weights = tuples.map(({ TargetGroupArn, Weight }) => [memberOf.get(TargetGroupArn) ?? "?", Weight] as const);
    return [{ service, weights: Object.fromEntries(weights) }];
  });
}

/** Every route of every service has exactly these weights. */
export async function weightsAre(
  stage: RehearsalStage,
  routes: number,
  wanted: Readonly<Record<string, number>>,
): Promise<Seen> {
  const found = await weightsInAws(stage);
  const same = (weights: Readonly<Record<string, number>>): boolean =>
    Object.keys(weights).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(([member, weight]) => weights[member] === weight);
  return {
    holds: found.length === routes && found.every(({ weights }) => same(weights)),
    seen: found
      .map(
        ({ service, weights }) =>
          `${service}: ${Object.entries(weights)
            .map((pair) => pair.join(" "))
            .join(", ")}`,
      )
      .join("; "),
  };
}
