/** What a request asks of policies: an action on a resource, with what AWS knows of it. */
import type { AwsError } from "../aws-error";
import type { EksContext } from "../eks/store";
import type { ElbContext } from "../elbv2/context";
import type { Json } from "../eks/store";
import { objects, type QueryObject, text } from "../query";
import type { Context } from "./conditions";

export interface Ask {
  readonly action: string;
  /** An ARN; `*`: about no resource. */
  readonly resource: string;
  /** Besides what holds for every ask of the request. */
  readonly context?: Context;
  /** The refusal, where the service does not say it as it says others. */
  readonly refusal?: AwsError;
}

/** A signed request, understood: what is needed of it to say what it is about. */
export interface AskedRequest {
  /** As it is signed for: `eks`, `ec2`, `monitoring`. */
  readonly service: string;
  readonly operation: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly body: Buffer;
}

export interface Account {
  readonly region: string;
  readonly accountId: string;
  readonly elb: ElbContext;
  readonly eks: EksContext;
  /** ARN of the role or user of that name, with its path; null: there is none. */
  readonly arnOf: (kind: "role" | "user", name: string) => Promise<string | null>;
  /** Services that have their service-linked role. AWS makes it when it is first needed, with the caller's permission. */
  readonly linked: Set<string>;
}

/** Tags that a request of the query protocol brings. */
export const tagsGiven = (params: QueryObject): Record<string, string> =>
  Object.fromEntries(objects(params, "Tags").map((tag) => [text(tag, "Key") ?? "", text(tag, "Value") ?? ""]));

/** Condition keys of the tags that a request brings. */
export function tagContext(tags: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const names = Object.keys(tags);
  if (names.length === 0) return {};
  return {
    ...Object.fromEntries(names.map((name) => [`aws:requesttag/${name.toLowerCase()}`, [tags[name] ?? ""]])),
    "aws:tagkeys": names,
  };
}

/** To make the role that a service acts with, when there is none yet. */
export function linkedRole(account: Account, service: string): Ask[] {
  if (account.linked.has(service)) return [];
  return [
    {
      action: "iam:CreateServiceLinkedRole",
      resource: `arn:aws:iam::${account.accountId}:role/aws-service-role/${service}/*`,
      context: { "iam:awsservicename": [service] },
    },
  ];
}

export const jsonOf = (body: Buffer): Json => {
  try {
    const parsed: unknown = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Json) : {};
  } catch {
    return {};
  }
};
