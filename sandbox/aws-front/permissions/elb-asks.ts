/** What ELBv2's requests are about. */
import { objects, parseQuery, type QueryObject, strings, text } from "../query";
import { type Account, type Ask, type AskedRequest, linkedRole, tagContext } from "./ask";

const tags = (params: QueryObject): Record<string, string> =>
  Object.fromEntries(objects(params, "Tags").map((tag) => [text(tag, "Key") ?? "", text(tag, "Value") ?? ""]));

/** The resource that a `Create…` makes, and the one that policies are asked about. */
function made(account: Account, operation: string, params: QueryObject): { about: string; made: string } | null {
  const arn = (rest: string): string => `arn:aws:elasticloadbalancing:${account.region}:${account.accountId}:${rest}`;
  const name = text(params, "Name") ?? "";
  switch (operation) {
    case "CreateLoadBalancer": {
      const kind = text(params, "Type") === "network" ? "net" : "app";
      return { about: arn(`loadbalancer/${kind}/${name}/*`), made: arn(`loadbalancer/${kind}/${name}/*`) };
    }
    case "CreateTargetGroup":
      return { about: arn(`targetgroup/${name}/*`), made: arn(`targetgroup/${name}/*`) };
    case "CreateListener": {
      const about = text(params, "LoadBalancerArn") ?? "";
      return { about, made: `${about.replace(":loadbalancer/", ":listener/")}/*` };
    }
    case "CreateRule": {
      const about = text(params, "ListenerArn") ?? "";
      return { about, made: `${about.replace(":listener/", ":listener-rule/")}/*` };
    }
    default:
      return null;
  }
}

function named(params: QueryObject): string[] {
  const one = ["TargetGroupArn", "LoadBalancerArn", "ListenerArn", "RuleArn", "TrustStoreArn", "ResourceArn"]
    .map((key) => text(params, key))
    .filter((arn): arn is string => arn !== undefined);
  const many = [
    ...strings(params, "ResourceArns"),
    ...objects(params, "RulePriorities").map((rule) => text(rule, "RuleArn") ?? ""),
  ];
  return many.length > 0 ? many : one.slice(0, 1);
}

/** Those that have a kind of resource; the others are about `*`. */
export function elbAsks(account: Account, { operation, body, search }: AskedRequest): Ask[] {
  const params = parseQuery(body.length > 0 ? body.toString("utf8") : search.toString());
  const action = `elasticloadbalancing:${operation}`;
  const given = tags(params);
  const creation = made(account, operation, params);
  if (creation !== null)
    return [
      { action, resource: creation.about, context: tagContext(given) },
      ...(Object.keys(given).length === 0
        ? []
        : [
            {
              action: "elasticloadbalancing:AddTags",
              resource: creation.made,
              context: { ...tagContext(given), "elasticloadbalancing:createaction": [operation] },
            },
          ]),
      ...(operation === "CreateLoadBalancer" ? linkedRole(account, "elasticloadbalancing.amazonaws.com") : []),
    ];
  const keys = strings(params, "TagKeys");
  const context = keys.length > 0 ? { "aws:tagkeys": keys } : tagContext(given);
  return named(params).map((resource) => ({ action, resource, context }));
}

export function elbTags({ elb: { store } }: Account, arn: string): ReadonlyMap<string, string> {
  const found =
    store.loadBalancers.get(arn) ?? store.targetGroups.get(arn) ?? store.listeners.get(arn) ?? store.rules.get(arn);
  return found?.tags ?? new Map<string, string>();
}
