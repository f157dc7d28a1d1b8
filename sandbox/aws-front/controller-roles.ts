/**
 * Who a load balancer controller is: the access key of its own that the sandbox gives it stands for the role that EKS
 * gives its pods (a pod
 * identity association, else a role whose trust policy names its service account). What an inline policy of that role
 * denies, it may not do.
 * Only explicit denials count: whether something is allowed at all is not looked at, and statements with conditions are
 * passed over.
 */
import { type IncomingHttpHeaders } from "node:http";
import { XMLParser } from "fast-xml-parser";
import { AwsError } from "./aws-error";
import type { Cluster, EksContext } from "./eks/store";
import type { MotoProxy } from "./moto-proxy";
import { type QueryObject, text } from "./query";

/** Charts and people name it so; the sandbox knows no other controller that calls ELBv2. */
const serviceAccount = "aws-load-balancer-controller";
/** IAM is eventually consistent: what was changed takes seconds to be felt. */
const propagationSeconds = 10;

interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: unknown;
}

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, isArray: (name) => name === "member" });
const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;
const matches = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "i",
  ).test(value);

/** Whether one of the policies' statements denies the action on the resource, whatever others allow. */
export function denies(policies: readonly string[], action: string, resource: string): boolean {
  return policies.some((policy) => {
    const { Statement: found } = JSON.parse(policy) as { Statement?: Statement | readonly Statement[] };
    const statements =
      found === undefined ? [] : Array.isArray(found) ? (found as readonly Statement[]) : [found as Statement];
    return statements.some(
      (one) =>
        one.Effect === "Deny" &&
        one.Condition === undefined &&
        listed(one.Action).some((pattern) => matches(pattern, action)) &&
        listed(one.Resource).some((pattern) => matches(pattern, resource)),
    );
  });
}

export class ControllerRoles {
  private readonly cache = new Map<string, Promise<readonly string[]>>();

  constructor(
    private readonly moto: MotoProxy,
    private readonly eks: EksContext,
    private readonly later: (ms: number, run: () => void) => void,
    private readonly scaled: (seconds: number) => number,
  ) {}

  /** To be called after every change in IAM. */
  changed(): void {
    this.later(this.scaled(propagationSeconds), () => this.cache.clear());
  }

  /** @throws AccessDenied as ELBv2 answers it */
  async check(clusterName: string, params: QueryObject): Promise<void> {
    const cluster = this.eks.clusters.get(clusterName);
    const role = cluster === undefined ? null : await this.roleOf(cluster);
    if (role === null) return;
    const action = `elasticloadbalancing:${text(params, "Action") ?? ""}`;
    const resource =
      text(params, "TargetGroupArn") ?? text(params, "LoadBalancerArn") ?? text(params, "ListenerArn") ?? "*";
    if (!denies(await this.policiesOf(role), action, resource)) return;
    const caller = `arn:aws:sts::${this.eks.accountId}:assumed-role/${role}/eks-${clusterName}-${serviceAccount.slice(0, 12)}`;
    throw new AwsError(
      "AccessDenied",
      `User: ${caller} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in ` +
        "an identity-based policy",
      403,
    );
  }

  private async roleOf(cluster: Cluster): Promise<string | null> {
    const association = [...cluster.identities.values()].find((one) => one.serviceAccount === serviceAccount);
    if (association !== undefined) return association.roleArn.split("/").at(-1) ?? null;
    const answer = await this.iam("ListRoles", {});
    const issuer = `oidc.eks.${this.eks.region}.amazonaws.com/id/${cluster.id}`;
    const roles =
      (answer["Roles"] as { member?: readonly { RoleName?: string; AssumeRolePolicyDocument?: string }[] } | undefined)
        ?.member ?? [];
    return (
      roles.find((one) => {
        const trust = plain(one.AssumeRolePolicyDocument ?? "");
        return trust.includes(`${issuer}:sub`) && trust.includes(`:${serviceAccount}"`);
      })?.RoleName ?? null
    );
  }

  private policiesOf(role: string): Promise<readonly string[]> {
    const known = this.cache.get(role) ?? this.read(role);
    this.cache.set(role, known);
    known.catch(() => this.cache.delete(role));
    return known;
  }

  private async read(RoleName: string): Promise<readonly string[]> {
    const names =
      ((await this.iam("ListRolePolicies", { RoleName }))["PolicyNames"] as { member?: readonly string[] } | undefined)
        ?.member ?? [];
    return await Promise.all(
      names.map(async (PolicyName) =>
        plain(String((await this.iam("GetRolePolicy", { RoleName, PolicyName }))["PolicyDocument"] ?? "{}")),
      ),
    );
  }

  private async iam(
    action: string,
    params: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const headers: IncomingHttpHeaders = {
      host: "iam.amazonaws.com",
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      authorization:
        "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
    };
    const answer = await this.moto.send(
      "POST",
      "/",
      headers,
      Buffer.from(new URLSearchParams({ Action: action, Version: "2010-05-08", ...params }).toString()),
    );
    // A role that is gone has no credentials either; its pods' calls are refused elsewhere.
    if (answer.status === 404) return {};
    if (answer.status >= 300)
      throw new AwsError("InternalFailure", `IAM ${action} failed with status ${answer.status}`, 500);
    const parsed = parser.parse(answer.body.toString("utf8")) as Record<
      string,
      Record<string, Record<string, unknown> | undefined> | undefined
    >;
    return parsed[`${action}Response`]?.[`${action}Result`] ?? {};
  }
}

/** IAM hands documents out percent-encoded. */
function plain(document: string): string {
  return document.trimStart().startsWith("{") ? document : decodeURIComponent(document.replaceAll("+", " "));
}
