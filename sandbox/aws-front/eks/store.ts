/** What EKS knows. */
import type { EksBackend, NodeSpec } from "../../contract";
import type { Ec2 } from "../ec2";
import { AwsError, invalidRequest } from "../aws-error";
import type { AddressPool } from "../address-pool";

export type Json = Record<string, unknown>;
export type Status =
  "CREATING" | "ACTIVE" | "UPDATING" | "DELETING" | "FAILED" | "CREATE_FAILED" | "DEGRADED" | "DELETE_FAILED";

export interface Update {
  readonly id: string;
  readonly type: string;
  readonly params: readonly { readonly type: string; readonly value: string }[];
  readonly createdAt: number;
  status: "InProgress" | "Successful" | "Failed";
  errors: readonly {
    readonly errorCode: string;
    readonly errorMessage: string;
    readonly resourceIds: readonly string[];
  }[];
}
export interface Nodegroup {
  readonly name: string;
  readonly arn: string;
  readonly body: Json;
  readonly createdAt: number;
  modifiedAt: number;
  status: Status;
  version: string;
  releaseVersion: string;
  nodes: NodeSpec[];
  issues: Json[];
  readonly updates: Map<string, Update>;
  readonly tags: Map<string, string>;
}
export interface Addon {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  modifiedAt: number;
  status: Status;
  version: string;
  body: Json;
  readonly updates: Map<string, Update>;
  readonly tags: Map<string, string>;
}
export interface AccessEntry {
  readonly principalArn: string;
  readonly arn: string;
  readonly type: string;
  readonly createdAt: number;
  modifiedAt: number;
  groups: readonly string[];
  username: string;
  readonly policies: Map<string, Json>;
  readonly tags: Map<string, string>;
}
export interface PodIdentity {
  readonly id: string;
  readonly arn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly createdAt: number;
  modifiedAt: number;
  roleArn: string;
  body: Json;
  readonly tags: Map<string, string>;
}
export interface Cluster {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  readonly roleArn: string;
  readonly vpcId: string;
  readonly securityGroupId: string;
  status: Status;
  version: string;
  platform: number;
  endpoint: string | null;
  certificate: string | null;
  vpc: Json;
  access: Json;
  body: Json;
  issues: Json[];
  readonly nodegroups: Map<string, Nodegroup>;
  readonly addons: Map<string, Addon>;
  readonly entries: Map<string, AccessEntry>;
  readonly identities: Map<string, PodIdentity>;
  readonly updates: Map<string, Update>;
  readonly tags: Map<string, string>;
}

export interface EksContext {
  readonly clusters: Map<string, Cluster>;
  readonly backend: EksBackend;
  readonly ec2: Ec2;
  readonly pool: AddressPool;
  readonly region: string;
  readonly accountId: string;
  readonly seconds: {
    readonly cluster: number;
    readonly upgrade: number;
    readonly clusterDelete: number;
    readonly nodegroup: number;
    readonly addon: number;
  };
  /** Resolves after AWS's time, scaled by the provisioning scale. */
  readonly wait: (awsSeconds: number) => Promise<void>;
  /** Nodes changed: who owns which address is to be looked at again. */
  readonly nodesChanged: () => void;
  readonly log: (entry: object) => void;
  readonly closed: () => boolean;
}

export const notFound = (message: string, fields: Json = {}): AwsError =>
  new AwsError("ResourceNotFoundException", message, 404, fields);
export const inUse = (message: string, fields: Json = {}): AwsError =>
  new AwsError("ResourceInUseException", message, 409, fields);
export const invalid = (message: string, fields: Json = {}): AwsError =>
  new AwsError("InvalidParameterException", message, 400, fields);

export function theCluster(context: EksContext, name: string): Cluster {
  const found = context.clusters.get(name);
  if (!found) throw notFound(`No cluster found for name: ${name}.`, { clusterName: name });
  return found;
}
export function activeCluster(context: EksContext, name: string): Cluster {
  const cluster = theCluster(context, name);
  if (cluster.status !== "ACTIVE" && cluster.status !== "UPDATING")
    throw cluster.status === "CREATING"
      ? invalidRequest(`Cluster '${name}' is not in ACTIVE status`, { clusterName: name })
      : inUse(`Cluster ${name} is currently in ${cluster.status} status`, { clusterName: name });
  return cluster;
}
export const stringOf = (body: Json, key: string): string | undefined =>
  typeof body[key] === "string" && body[key] !== "" ? (body[key] as string) : undefined;
export const listOf = (body: Json, key: string): string[] =>
  Array.isArray(body[key]) ? (body[key] as unknown[]).filter((one): one is string => typeof one === "string") : [];
export const objectOf = (body: Json, key: string): Json =>
  typeof body[key] === "object" && body[key] !== null && !Array.isArray(body[key]) ? (body[key] as Json) : {};
export const tagsFrom = (body: Json): Map<string, string> =>
  new Map(Object.entries(objectOf(body, "tags")).map(([key, value]) => [key, String(value)]));
export const tagsOut = (tags: ReadonlyMap<string, string>): Json => Object.fromEntries(tags);
export const epoch = (ms: number): number => ms / 1000;
export function requiredString(body: Json, key: string): string {
  const value = stringOf(body, key);
  if (value === undefined) throw invalid(`${key} can't be null or empty`);
  return value;
}
export function pageOf<T>(query: URLSearchParams, all: readonly T[]): { part: readonly T[]; nextToken: string | null } {
  const size = Number(query.get("maxResults") ?? 100);
  if (!Number.isInteger(size) || size < 1 || size > 100) throw invalid("maxResults must be between 1 and 100");
  const token = query.get("nextToken");
  const from = token === null ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(from) || from < 0) throw invalid("nextToken is not valid");
  return {
    part: all.slice(from, from + size),
    nextToken: from + size < all.length ? Buffer.from(String(from + size)).toString("base64url") : null,
  };
}
