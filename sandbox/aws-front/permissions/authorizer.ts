/** Whether whoever signed a request may make it: their policies, asked about every resource of the request. */
import { AwsError } from "../aws-error";
import { parametersOf } from "../query-request";
import type { Account, Ask, AskedRequest } from "./ask";
import type { Context } from "./conditions";
import { ec2Asks, ec2Tags } from "./ec2-asks";
import { eksAsks, eksTags } from "./eks-asks";
import { elbAsks, elbTags } from "./elb-asks";
import { iamAsks, otherAsks } from "./iam-asks";
import { asksForResourceTags, evaluate, type Layers } from "./policy";
import { factsOf, prefixOf } from "./table";

/** Somebody whose policies decide. */
export interface Principal {
  /** As AWS names it in a refusal, and as GetCallerIdentity tells. */
  readonly arn: string;
  /** Condition keys about the caller: `aws:username`, `aws:principalarn`, the session's tags. */
  readonly context: Context;
  readonly policies: () => Promise<Layers>;
}

/** AWS answers these whatever the caller's policies say. */
const free = new Set(["sts:GetCallerIdentity", "sts:GetSessionToken"]);
/** Calls with which a service-linked role comes into being. */
const linkedBy: Readonly<Record<string, string>> = {
  "eks:CreateCluster": "eks.amazonaws.com",
  "eks:CreateNodegroup": "eks-nodegroup.amazonaws.com",
  "elasticloadbalancing:CreateLoadBalancer": "elasticloadbalancing.amazonaws.com",
};
const denialCodes: Readonly<Record<string, string>> = { ec2: "UnauthorizedOperation", eks: "AccessDeniedException" };

/** Every permission that a request needs; null when the sandbox can't tell what it is about. */
async function asksOf(account: Account, request: AskedRequest, own: string): Promise<readonly Ask[] | null> {
  const facts = factsOf(request.service, request.operation);
  if (facts === null) return null;
  const action = `${prefixOf(request.service)}:${request.operation}`;
  // EKS' own lists of resources leave some out: it asks about a cluster when one is made.
  const found = request.service === "eks" ? eksAsks(account, request) : [];
  if (found.length > 0) return found;
  if (facts.on.length === 0) return [{ action, resource: "*" }];
  const named = await resourcesOf(account, request, own);
  return named === null || named.length === 0 ? null : named;
}

function resourcesOf(
  account: Account,
  request: AskedRequest,
  own: string,
): readonly Ask[] | null | Promise<readonly Ask[] | null> {
  switch (request.service) {
    case "ec2":
      return ec2Asks(account, request);
    case "elasticloadbalancing":
      return elbAsks(account, request);
    case "iam":
      return iamAsks(account, request, own);
    default:
      return otherAsks(account, request);
  }
}

/** @throws AwsError where the sandbox does not know the tags: taken for none, a denial by tags would pass */
async function resourceTags(account: Account, arn: string): Promise<Context> {
  if (arn === "*") return {};
  const service = arn.split(":")[2] ?? "";
  const tags =
    service === "ec2"
      ? await ec2Tags(account, arn)
      : service === "elasticloadbalancing"
        ? elbTags(account, arn)
        : service === "eks"
          ? eksTags(account, arn)
          : null;
  if (tags === null)
    throw new AwsError(
      "InternalFailure",
      `The sandbox does not know the tags of ${arn}, which a policy's condition asks for`,
      501,
    );
  return Object.fromEntries(
    [...tags].flatMap(([key, value]) =>
      ["aws", service].map((prefix) => [`${prefix}:resourcetag/${key.toLowerCase()}`, [value]]),
    ),
  );
}

const allUnknown = (action: string): AwsError =>
  new AwsError(
    "InternalFailure",
    `The sandbox does not know which resources ${action} is about, so it can't say whether the caller's policies ` +
      "allow it (sandbox/aws-front/permissions). Call it with the sandbox's own key, which may do everything.",
    501,
  );

export class Authorizer {
  constructor(private readonly account: Account) {}

  /** @returns the actions that were needed @throws AwsError as the service refuses */
  async check(principal: Principal, request: AskedRequest): Promise<readonly string[]> {
    const action = `${prefixOf(request.service)}:${request.operation}`;
    if (free.has(action)) return [action];
    const asks = await asksOf(this.account, request, principal.arn);
    if (asks === null) throw allUnknown(action);
    const layers = await principal.policies();
    for (const ask of asks) await this.one(principal, layers, ask, request.service);
    return [...new Set(asks.map((ask) => ask.action))];
  }

  /** To be told of what was done: with the first of its kind AWS makes a role for the service. */
  done({ service, operation, body, search }: AskedRequest): void {
    const made =
      service === "iam" && operation === "CreateServiceLinkedRole"
        ? parametersOf(body, search).get("AWSServiceName")
        : (linkedBy[`${service}:${operation}`] ?? null);
    if (made !== null) this.account.linked.add(made);
  }

  private async one(principal: Principal, layers: Layers, ask: Ask, service: string): Promise<void> {
    const { region, accountId } = this.account;
    const context: Context = {
      ...principal.context,
      "aws:requestedregion": [region],
      "aws:principalaccount": [accountId],
      "aws:resourceaccount": [accountId],
      "aws:securetransport": ["true"],
      "aws:sourceip": ["127.0.0.1"],
      "aws:currenttime": [new Date().toISOString()],
      ...ask.context,
      ...(asksForResourceTags(layers, ask.action) ? await resourceTags(this.account, ask.resource) : {}),
    };
    const verdict = evaluate(layers, { action: ask.action, resource: ask.resource, context });
    if (verdict === "allowed") return;
    throw ask.refusal ?? refusal(principal, ask, service, verdict === "denied");
  }
}

/** In the words and with the code of the service that was called. */
function refusal({ arn }: Principal, ask: Ask, service: string, denied: boolean): AwsError {
  const on = ask.resource === "*" ? "" : ` on resource: ${ask.resource}`;
  const why = denied
    ? "with an explicit deny in an identity-based policy"
    : `because no identity-based policy allows the ${ask.action} action`;
  const said = `User: ${arn} is not authorized to perform: ${ask.action}${on} ${why}`;
  const code = denialCodes[service] ?? "AccessDenied";
  const message = service === "ec2" ? `You are not authorized to perform this operation. ${said}` : said;
  return new AwsError(code, message, 403);
}
