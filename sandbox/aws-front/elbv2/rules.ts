/** Rules of application load balancers' listeners. An NLB's listener has its default rule only. */
import { AwsError, validationError } from "../aws-error";
import { number, objects, type QueryObject, strings, text } from "../query";
import type { XmlValue } from "../xml";
import { actionsOf, actionView } from "./actions-of-listeners";
import { conditionsOf } from "./condition-rules";
import type { ElbContext, Operation } from "./context";
import type { Listener, Rule } from "./store";
import { checkRange, hex16, limits, page, required, tagsOf, theListener, theLoadBalancer } from "./validation";

export const defaultRuleArn = (listener: Listener): string =>
  `${listener.arn.replace(":listener/", ":listener-rule/")}/${(listener.arn.split("/").pop() ?? "").split("").reverse().join("")}`;

const view = (rule: Rule): XmlValue => ({
  RuleArn: rule.arn,
  Priority: String(rule.priority),
  Conditions: rule.conditions as XmlValue,
  Actions: rule.actions.map(actionView),
  IsDefault: false,
  Transforms: rule.transforms.length > 0 ? (rule.transforms as XmlValue) : undefined,
});
const defaultView = (listener: Listener): XmlValue => ({
  RuleArn: defaultRuleArn(listener),
  Priority: "default",
  Conditions: [],
  Actions: listener.actions.map(actionView),
  IsDefault: true,
});

function theRule({ store }: ElbContext, arn: string): Rule {
  const found = store.rules.get(arn);
  if (found) return found;
  if ([...store.listeners.values()].some((one) => defaultRuleArn(one) === arn))
    throw new AwsError(
      "OperationNotPermitted",
      `Default rule '${arn}' cannot be modified or deleted: change its listener's default action`,
    );
  throw new AwsError("RuleNotFound", "One or more rules not found");
}

const priorityOf = (params: QueryObject): number =>
  checkRange(number(params, "Priority") ?? NaN, 1, 50_000, "Rule priority");
const inUse = (priority: number): AwsError =>
  new AwsError("PriorityInUse", `Priority '${priority}' is currently in use`);

export const createRule: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  const balancer = theLoadBalancer(context, listener.loadBalancerArn);
  if (balancer.type === "network")
    throw new AwsError("UnsupportedOperation", "Rules are not supported for Network Load Balancer listeners");
  const priority = priorityOf(params);
  const conditions = conditionsOf(params);
  const actions = actionsOf(context, objects(params, "Actions"), balancer, listener.protocol);
  const others = context.store.rulesOf(listener.arn);
  if (others.some((one) => one.priority === priority)) throw inUse(priority);
  const all = context.store.listenersOf(balancer.arn).flatMap((one) => context.store.rulesOf(one.arn));
  if (all.length >= limits.rulesPerApplicationLoadBalancer)
    throw new AwsError(
      "TooManyRules",
      `You've reached the limit on the number of rules per load balancer ('${limits.rulesPerApplicationLoadBalancer}')`,
    );
  const rule: Rule = {
    arn: `${listener.arn.replace(":listener/", ":listener-rule/")}/${hex16()}`,
    listenerArn: listener.arn,
    tags: tagsOf(params),
    priority,
    actions,
    conditions,
    transforms: objects(params, "Transforms"),
  };
  context.store.rules.set(rule.arn, rule);
  context.changed();
  return { Rules: [view(rule)] };
};

export const describeRules: Operation = (context, params) => {
  const { store } = context;
  const [arns, listenerArn] = [strings(params, "RuleArns"), text(params, "ListenerArn")];
  if ((listenerArn === undefined) === (arns.length === 0))
    throw validationError("You must specify either listener rule ARNs or a listener ARN");
  const listeners = listenerArn === undefined ? [...store.listeners.values()] : [theListener(context, listenerArn)];
  const all = listeners.flatMap((listener) => [
    ...store.rulesOf(listener.arn).map((rule) => ({ arn: rule.arn, shown: view(rule) })),
    { arn: defaultRuleArn(listener), shown: defaultView(listener) },
  ]);
  if (arns.some((arn) => !all.some((one) => one.arn === arn)))
    throw new AwsError("RuleNotFound", "One or more rules not found");
  const { part, marker } = page(
    params,
    all.filter((one) => arns.length === 0 || arns.includes(one.arn)),
  );
  return { Rules: part.map((one) => one.shown), NextMarker: marker };
};

export const modifyRule: Operation = (context, params) => {
  const rule = theRule(context, required(params, "RuleArn"));
  const listener = theListener(context, rule.listenerArn);
  const conditions = params["Conditions"] === undefined ? rule.conditions : conditionsOf(params);
  const actions =
    params["Actions"] === undefined
      ? rule.actions
      : actionsOf(
          context,
          objects(params, "Actions"),
          theLoadBalancer(context, listener.loadBalancerArn),
          listener.protocol,
          rule,
        );
  const transforms =
    text(params, "ResetTransforms") === "true"
      ? []
      : params["Transforms"] === undefined
        ? rule.transforms
        : objects(params, "Transforms");
  Object.assign(rule, { conditions, actions, transforms });
  context.changed();
  return { Rules: [view(rule)] };
};

/** An unknown rule is an error, as in AWS. */
export const deleteRule: Operation = (context, params) => {
  context.store.rules.delete(theRule(context, required(params, "RuleArn")).arn);
  context.changed();
  return {};
};

/** All or none; rules may trade places in one call. */
export const setRulePriorities: Operation = (context, params) => {
  const wanted = objects(params, "RulePriorities").map((one) => ({
    rule: theRule(context, required(one, "RuleArn")),
    priority: priorityOf(one),
  }));
  if (wanted.length === 0) throw validationError("At least one rule priority must be specified");
  for (const listenerArn of new Set(wanted.map((one) => one.rule.listenerArn))) {
    const after = context.store
      .rulesOf(listenerArn)
      .map((rule) => wanted.find((one) => one.rule === rule)?.priority ?? rule.priority);
    const twice = after.find((priority, index) => after.indexOf(priority) !== index);
    if (twice !== undefined) throw inUse(twice);
  }
  for (const { rule, priority } of wanted) rule.priority = priority;
  return { Rules: wanted.map((one) => view(one.rule)) };
};
