/** What ELBv2's requests are about. */
import { AwsError } from "../aws-error";
import { objects, parseQuery, type QueryObject, strings, text } from "../query";
import { parametersOf } from "../query-request";
import { serviceModel } from "../validation/models";
import { type Account, type Ask, type AskedRequest, linkedRole, tagContext, tagsGiven } from "./ask";
import { factsOf } from "./table";

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

/** Parameters that name what an operation is about, by the kind of it in the table of permissions. */
const namedBy: Readonly<Record<string, string>> = {
  targetgroup: "TargetGroupArn",
  loadbalancer: "LoadBalancerArn",
  listener: "ListenerArn",
  "listener-rule": "RuleArn",
  truststore: "TrustStoreArn",
};
const naming = [...Object.values(namedBy), "ResourceArn", "ResourceArns", "RulePriorities"];

/** An ARN that the operation has no parameter for would be asked about in the place of the one that it acts on. */
function refuseOthers(operation: string, params: QueryObject): void {
  const model = serviceModel("elasticloadbalancing");
  const input = model?.operations[operation]?.input ?? null;
  const members = (input === null ? undefined : model?.shapes[input]?.members) ?? {};
  const other = naming.find((name) => Object.hasOwn(params, name) && !Object.hasOwn(members, name));
  if (other !== undefined) throw new AwsError("ValidationError", `${operation} has no parameter ${other}`, 400);
}

function named(operation: string, params: QueryObject): string[] {
  if (/^(Add|Remove)Tags$/.test(operation)) return strings(params, "ResourceArns");
  if (operation === "SetRulePriorities")
    return objects(params, "RulePriorities").map((rule) => text(rule, "RuleArn") ?? "");
  const kinds = (factsOf("elasticloadbalancing", operation)?.on ?? []).map((kind) => kind.split(/[/!]/)[0] ?? "");
  const [name = "ResourceArn"] = [...new Set(kinds)].flatMap((kind) => namedBy[kind] ?? []);
  const arn = text(params, name) ?? text(params, "ResourceArn");
  return arn === undefined ? [] : [arn];
}

/** Those that have a kind of resource; the others are about `*`. */
export function elbAsks(account: Account, { operation, body, search }: AskedRequest): Ask[] {
  const params = parseQuery(parametersOf(body, search).toString());
  refuseOthers(operation, params);
  const action = `elasticloadbalancing:${operation}`;
  const given = tagsGiven(params);
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
  return named(operation, params).map((resource) => ({ action, resource, context }));
}

export function elbTags({ elb: { store } }: Account, arn: string): ReadonlyMap<string, string> {
  const found =
    store.loadBalancers.get(arn) ?? store.targetGroups.get(arn) ?? store.listeners.get(arn) ?? store.rules.get(arn);
  return found?.tags ?? new Map<string, string>();
}
