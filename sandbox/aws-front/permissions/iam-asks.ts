/** What requests of IAM, STS, CloudWatch and other services of the table are about. */
import { parseQuery, type QueryObject, text } from "../query";
import { parametersOf } from "../query-request";
import { type Account, type Ask, type AskedRequest, tagContext, tagsGiven } from "./ask";
import { factsOf, permissionTable, prefixOf } from "./table";

/** `Create…` with tags asks for the action that tags one of its kind. */
const tagActions: Readonly<Record<string, string>> = {
  CreateRole: "TagRole",
  CreateUser: "TagUser",
  CreatePolicy: "TagPolicy",
  CreateOpenIDConnectProvider: "TagOpenIDConnectProvider",
  CreateInstanceProfile: "TagInstanceProfile",
};

async function named(
  account: Account,
  kind: string,
  params: QueryObject,
  own: string,
  created: boolean,
): Promise<string | null> {
  const arn = (rest: string): string => `arn:aws:iam::${account.accountId}:${rest}`;
  const path = text(params, "Path") ?? "/";
  switch (kind) {
    case "role":
    case "user": {
      const name = text(params, kind === "role" ? "RoleName" : "UserName");
      // Without a name it is the caller's own user.
      if (name === undefined) return kind === "user" ? own : null;
      return (created ? null : await account.arnOf(kind, name)) ?? arn(`${kind}${path}${name}`);
    }
    case "group":
      return arn(`group${path}${text(params, "GroupName") ?? "*"}`);
    case "instance-profile":
      return arn(`instance-profile${path}${text(params, "InstanceProfileName") ?? "*"}`);
    case "policy":
      return text(params, "PolicyArn") ?? arn(`policy${path}${text(params, "PolicyName") ?? "*"}`);
    case "oidc-provider":
      return (
        text(params, "OpenIDConnectProviderArn") ??
        arn(`oidc-provider/${(text(params, "Url") ?? "*").replace(/^https:\/\//, "")}`)
      );
    default:
      return null;
  }
}

/** null: a resource that it must be about can't be told. `own`: the ARN of the caller. */
export async function iamAsks(account: Account, request: AskedRequest, own: string): Promise<Ask[] | null> {
  const { operation, body, search } = request;
  const params = parseQuery(parametersOf(body, search).toString());
  const action = `iam:${operation}`;
  const given = tagsGiven(params);
  const service = text(params, "AWSServiceName");
  const policy = text(params, "PolicyArn");
  const boundary = text(params, "PermissionsBoundary");
  const context = {
    ...tagContext(given),
    ...(service === undefined ? {} : { "iam:awsservicename": [service] }),
    ...(policy === undefined ? {} : { "iam:policyarn": [policy] }),
    ...(boundary === undefined ? {} : { "iam:permissionsboundary": [boundary] }),
  };
  if (operation === "CreateServiceLinkedRole") {
    const resource = `arn:aws:iam::${account.accountId}:role/aws-service-role/${service ?? "*"}/*`;
    return [{ action, resource, context }];
  }
  const kinds = factsOf("iam", operation)?.on ?? [];
  const asks: Ask[] = [];
  for (const kind of kinds.map((one) => one.replace("!", ""))) {
    const resource = await named(account, kind, params, own, operation.startsWith("Create"));
    if (resource !== null) asks.push({ action, resource, context });
  }
  if (asks.length === 0) return null;
  const tagging = tagActions[operation];
  if (tagging === undefined || Object.keys(given).length === 0) return asks;
  return [...asks, { ...(asks[0] as Ask), action: `iam:${tagging}` }];
}

/** The services whose only action with a resource here is one that takes an ARN, or that are asked for all of a kind. */
export function otherAsks(account: Account, request: AskedRequest): Ask[] | null {
  const prefix = prefixOf(request.service);
  const action = `${prefix}:${request.operation}`;
  const arn = (kind: string): string =>
    `arn:aws:${prefix}:${account.region}:${account.accountId}:` +
    (permissionTable()[prefix]?.resources[kind] ?? "*").replaceAll(/\$\{\w+\}/g, "*");
  if (prefix === "sts") {
    const role = text(parseQuery(parametersOf(request.body, request.search).toString()), "RoleArn");
    return role === undefined ? null : [{ action, resource: role }];
  }
  // Alarms are listed by permission for all of them.
  if (prefix === "cloudwatch" && request.operation === "DescribeAlarms") return [{ action, resource: arn("alarm") }];
  return null;
}
