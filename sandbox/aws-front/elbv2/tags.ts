/** Tags of load balancers, target groups, listeners and rules. */
import { AwsError } from "../aws-error";
import { strings } from "../query";
import type { ElbContext, Operation } from "./context";
import { defaultRuleArn } from "./rules";
import type { Tags } from "./store";
import { limits, tagsOf } from "./validation";

function tagsFor({ store }: ElbContext, arn: string): Tags {
  const found =
    store.loadBalancers.get(arn) ?? store.targetGroups.get(arn) ?? store.listeners.get(arn) ?? store.rules.get(arn);
  if (found) return found.tags;
  // A default rule has tags of its own in AWS; here nobody can set them.
  if ([...store.listeners.values()].some((one) => defaultRuleArn(one) === arn)) return new Map();
  if (arn.includes(":listener-rule/")) throw new AwsError("RuleNotFound", `Rule '${arn}' not found`);
  if (arn.includes(":targetgroup/")) throw new AwsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
  if (arn.includes(":listener/")) throw new AwsError("ListenerNotFound", `Listener '${arn}' not found`);
  throw new AwsError("LoadBalancerNotFound", `Load balancer '${arn}' not found`);
}

export const describeTags: Operation = (context, params) => ({
  TagDescriptions: strings(params, "ResourceArns").map((ResourceArn) => ({
    ResourceArn,
    Tags: [...tagsFor(context, ResourceArn)].map(([Key, Value]) => ({ Key, Value })),
  })),
});

export const addTags: Operation = (context, params) => {
  const added = tagsOf(params);
  const all = strings(params, "ResourceArns").map((arn) => tagsFor(context, arn));
  for (const tags of all)
    if (new Set([...tags.keys(), ...added.keys()]).size > limits.tags)
      throw new AwsError(
        "TooManyTags",
        `You've reached the limit on the number of tags per resource ('${limits.tags}')`,
      );
  for (const tags of all) for (const [key, value] of added) tags.set(key, value);
  return {};
};

export const removeTags: Operation = (context, params) => {
  const all = strings(params, "ResourceArns").map((arn) => tagsFor(context, arn));
  for (const tags of all) for (const key of strings(params, "TagKeys")) tags.delete(key);
  return {};
};
