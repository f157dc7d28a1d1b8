/** Actions of listeners and rules: what they forward to, checked as AWS checks it. */
import { AwsError, validationError } from "../aws-error";
import { flag, number, object, objects, type QueryObject, text } from "../query";
import type { XmlValue } from "../xml";
import { checkActions, checkStickiness } from "./action-rules";
import type { ElbContext } from "./context";
import type { Action, LoadBalancer } from "./store";
import { checkRange, limits, oneOf, required } from "./validation";

const types = ["forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response", "jwt-validation"];

/** Longest stickiness of an action, in seconds: a week. */
const longestStickiness = 604_800;

/** Those of a listener (`DefaultActions`) or a rule (`Actions`), in place of those that `replaced` has. */
export function actionsOf(
  context: ElbContext,
  given: readonly QueryObject[],
  balancer: LoadBalancer,
  protocol: string,
  replaced: { readonly actions: readonly Action[] } | null = null,
): Action[] {
  if (given.length === 0) throw validationError("An action must be specified");
  if (balancer.type === "network" && (given.length !== 1 || text(given[0] as QueryObject, "Type") !== "forward"))
    throw new AwsError("InvalidLoadBalancerAction", "Network Load Balancer listeners support one forward action only");
  if (balancer.type === "application") checkActions(given);
  const made = given.map((action): Action => {
    const forward = forwardOf(action);
    for (const { arn } of forward) checkAssociation(context, arn, balancer, protocol);
    const stickiness = object(object(action, "ForwardConfig") ?? {}, "TargetGroupStickinessConfig");
    const sticky = stickiness !== undefined && flag(stickiness, "Enabled") === true;
    if (sticky && balancer.type === "application")
      checkRange(
        number(stickiness, "DurationSeconds") ?? NaN,
        1,
        longestStickiness,
        "Target group stickiness duration",
      );
    checkStickiness(
      sticky,
      forward.flatMap(({ arn }) => context.store.targetGroups.get(arn) ?? []),
    );
    return {
      type: oneOf(required(action, "Type"), types, "type"),
      order: number(action, "Order"),
      forward,
      raw: action,
      stickiness: stickiness && {
        enabled: flag(stickiness, "Enabled") ?? false,
        seconds: number(stickiness, "DurationSeconds"),
      },
    };
  });
  checkUniqueGroups(context, balancer, made, replaced);
  return made;
}

/** All listeners and rules of an ALB together, a group that several of them use counted once. */
function checkUniqueGroups(
  { store }: ElbContext,
  balancer: LoadBalancer,
  made: readonly Action[],
  replaced: { readonly actions: readonly Action[] } | null,
): void {
  if (balancer.type !== "application") return;
  const users = store.listenersOf(balancer.arn).flatMap((listener) => [listener, ...store.rulesOf(listener.arn)]);
  const kept = users.filter((one) => one !== replaced).flatMap((one) => one.actions);
  const arns = new Set([...kept, ...made].flatMap((action) => action.forward.map((one) => one.arn)));
  const most = limits.targetGroupsPerApplicationLoadBalancer;
  if (arns.size > most)
    throw new AwsError(
      "TooManyUniqueTargetGroupsPerLoadBalancer",
      `You've reached the limit on the number of unique target groups per load balancer across all listeners ('${most}')`,
    );
}

function forwardOf(action: QueryObject): Action["forward"] {
  if (text(action, "Type") !== "forward") return [];
  const config = object(action, "ForwardConfig");
  const groups = config ? objects(config, "TargetGroups") : [];
  const single = text(action, "TargetGroupArn");
  if (groups.length === 0 && single === undefined)
    throw validationError("A target group ARN must be specified for a forward action");
  if (
    groups.length > 0 &&
    single !== undefined &&
    !(groups.length === 1 && text(groups[0] as QueryObject, "TargetGroupArn") === single)
  )
    throw new AwsError("InvalidLoadBalancerAction", "TargetGroupArn and ForwardConfig must name the same target group");
  const forward =
    groups.length > 0
      ? groups.map((one) => ({
          arn: required(one, "TargetGroupArn"),
          weight: checkRange(number(one, "Weight") ?? 1, 0, 999, "Target group weight"),
        }))
      : [{ arn: single as string, weight: 1 }];
  if (forward.length > limits.forwardGroups)
    throw new AwsError(
      "TooManyTargetGroups",
      `A forward action can have at most '${limits.forwardGroups}' target groups`,
    );
  if (new Set(forward.map((one) => one.arn)).size !== forward.length)
    throw validationError("A forward action cannot name a target group twice");
  return forward;
}

function checkAssociation(context: ElbContext, arn: string, balancer: LoadBalancer, protocol: string): void {
  const group = context.store.targetGroups.get(arn);
  if (!group) throw new AwsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
  if (group.vpcId !== balancer.vpcId)
    throw new AwsError(
      "InvalidConfigurationRequest",
      `The target group '${arn}' is in VPC '${group.vpcId}', the load balancer in '${balancer.vpcId}'`,
    );
  const fits =
    balancer.type === "application"
      ? /^HTTPS?$/.test(group.protocol)
      : protocol === "TLS"
        ? ["TCP", "TLS"].includes(group.protocol)
        : group.protocol === protocol || (protocol !== "TCP_UDP" && group.protocol === "TCP_UDP");
  if (!fits)
    throw new AwsError(
      "InvalidConfigurationRequest",
      `Listener protocol '${protocol}' and target group protocol '${group.protocol}' are not compatible`,
    );
  const user = context.store.loadBalancersUsing(arn).find((one) => one.arn !== balancer.arn);
  if (user)
    throw new AwsError(
      "TargetGroupAssociationLimit",
      `The following target groups cannot be associated with more than one load balancer: ${arn}`,
    );
}

export const actionView = (action: Action): XmlValue => {
  if (action.type !== "forward") return action.raw as XmlValue;
  return {
    Type: "forward",
    TargetGroupArn: action.forward.length === 1 ? action.forward[0]?.arn : undefined,
    Order: action.order,
    ForwardConfig: {
      TargetGroups: action.forward.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })),
      TargetGroupStickinessConfig: {
        Enabled: action.stickiness?.enabled ?? false,
        DurationSeconds: action.stickiness?.seconds,
      },
    },
  };
};
