/**
 * Who signed a request, by the access key. The sandbox's own key may do everything. Keys that were made through it, of
 * IAM users and of assumed roles, stand for whom they were made for, and a load balancer controller's for the role that
 * EKS gives its pods.
 */
import { type Cluster, type EksContext, stringOf } from "../eks/store";
import { objects, parseQuery, type QueryObject, text } from "../query";
import type { Principal } from "./authorizer";
import type { Context } from "./conditions";
import { type IamReader, plain } from "./iam-reader";
import { type Layers, parsePolicy } from "./policy";

/** Charts and people name it so; the sandbox knows no other controller that calls AWS. */
const serviceAccount = "aws-load-balancer-controller";

interface Key {
  readonly secretAccessKey: string;
  /** The token that has to come with a temporary key. */
  readonly sessionToken: string | null;
  readonly principal: Principal | null;
  /** What EKS' access entries name: the user or the role, not the session. */
  readonly entryArn: string;
  active: boolean;
}

const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
/** `aws:PrincipalArn` is the role's, in a session of it. */
const about = (entryArn: string, more: Context): Context => ({ "aws:principalarn": [entryArn], ...more });

export class Principals {
  private readonly keys = new Map<string, Key>();

  constructor(
    private readonly iam: IamReader,
    private readonly eks: EksContext,
    private readonly controllerOf: (accessKeyId: string) => string | null,
  ) {}

  /** Whether a key is one of those that were made here, or a controller's, and may be used. */
  knows(accessKeyId: string): boolean {
    return this.keys.get(accessKeyId)?.active === true || this.controllerOf(accessKeyId) !== null;
  }

  /** Of a key that was made here; null for others. */
  secretOf(accessKeyId: string): { readonly secretAccessKey: string; readonly sessionToken: string | null } | null {
    return this.keys.get(accessKeyId) ?? null;
  }

  /** For a token that is signed with a key that was made here; null for others. */
  forToken(accessKeyId: string): { readonly secretAccessKey: string; readonly arn: string } | null {
    const key = this.keys.get(accessKeyId);
    return key?.active === true ? { secretAccessKey: key.secretAccessKey, arn: key.entryArn } : null;
  }

  /** What EKS' access entries call the owner of a key that was made here; null for others. */
  entryArnOf(accessKeyId: string): string | null {
    return this.keys.get(accessKeyId)?.entryArn ?? null;
  }

  /** null: whoever may do everything. */
  async of(accessKeyId: string): Promise<Principal | null> {
    const key = this.keys.get(accessKeyId);
    if (key !== undefined) return key.principal;
    const clusterName = this.controllerOf(accessKeyId);
    return clusterName === null ? null : await this.controller(clusterName);
  }

  /**
   * Without a role of their own its pods find that of the node that they run on, in the instance's metadata. null: there
   * is no such cluster, or no node in it.
   */
  private async controller(clusterName: string): Promise<Principal | null> {
    const cluster = this.eks.clusters.get(clusterName);
    if (cluster === undefined) return null;
    const own = await this.roleOf(cluster);
    const role = own ?? nodeRole(cluster);
    if (role === null) return null;
    const session = own === null ? "i-0node" : `eks-${clusterName}-${serviceAccount.slice(0, 12)}`;
    const tag = (name: string, value: string): Context => ({ [`aws:principaltag/${name}`]: [value] });
    return {
      arn: `arn:aws:sts::${this.eks.accountId}:assumed-role/${role}/${session}`,
      context: about(`arn:aws:iam::${this.eks.accountId}:role/${role}`, {
        ...tag("eks-cluster-name", clusterName),
        ...tag("eks-cluster-arn", cluster.arn),
        ...tag("kubernetes-service-account", serviceAccount),
      }),
      policies: () => this.iam.layers("Role", role),
      deniesOnly: true,
    };
  }

  private async roleOf(cluster: Cluster): Promise<string | null> {
    const association = [...cluster.identities.values()].find((one) => one.serviceAccount === serviceAccount);
    if (association !== undefined) return association.roleArn.split("/").at(-1) ?? null;
    const answer = await this.iam.call("ListRoles", {});
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

  /** To be told of every answer of IAM and STS: keys are made, switched off and deleted by them. */
  async learn(operation: string, request: string, answer: string, callerKey: string): Promise<void> {
    const params = parseQuery(request);
    const id = text(params, "AccessKeyId") ?? "";
    const known = this.keys.get(id);
    switch (operation) {
      case "CreateAccessKey":
        return await this.ofUser(answer);
      case "DeleteAccessKey":
        return void this.keys.delete(id);
      case "UpdateAccessKey":
        if (known !== undefined) known.active = text(params, "Status") === "Active";
        return;
      case "AssumeRole":
      case "AssumeRoleWithWebIdentity":
      case "AssumeRoleWithSAML":
        return this.ofSession(answer, params);
      case "GetSessionToken":
        return this.add(
          answer,
          this.keys.get(callerKey)?.principal ?? null,
          this.keys.get(callerKey)?.entryArn ?? null,
        );
      default:
    }
  }

  private async ofUser(answer: string): Promise<void> {
    const name = element(answer, "UserName") ?? "";
    const arn = (await this.iam.arnOf("user", name)) ?? `arn:aws:iam::${this.eks.accountId}:user/${name}`;
    this.add(
      answer,
      { arn, context: about(arn, { "aws:username": [name] }), policies: () => this.iam.layers("User", name) },
      arn,
    );
  }

  private ofSession(answer: string, params: QueryObject): void {
    const arn = element(answer, "Arn") ?? "";
    const entryArn = text(params, "RoleArn") ?? "";
    const role = entryArn.split("/").at(-1) ?? "";
    const inline = text(params, "Policy");
    const managed = objects(params, "PolicyArns").map((one) => text(one, "arn") ?? "");
    const policies = async (): Promise<Layers> => {
      const all = await this.iam.layers("Role", role);
      if (inline === undefined && managed.length === 0) return all;
      const session = await Promise.all(managed.map((arn) => this.iam.managed(arn)));
      return [...all, inline === undefined ? session : [...session, parsePolicy(inline)]];
    };
    this.add(answer, { arn, context: about(entryArn, {}), policies }, entryArn);
  }

  private add(answer: string, principal: Principal | null, entryArn: string | null): void {
    const id = element(answer, "AccessKeyId");
    const secret = element(answer, "SecretAccessKey");
    if (id === undefined || secret === undefined) return;
    this.keys.set(id, {
      secretAccessKey: unescape(secret),
      sessionToken: element(answer, "SessionToken") ?? null,
      principal,
      entryArn: entryArn ?? `arn:aws:iam::${this.eks.accountId}:user/moto`,
      active: true,
    });
  }
}

function nodeRole(cluster: Cluster): string | null {
  const [group] = cluster.nodegroups.values();
  return (
    stringOf(group?.body ?? {}, "nodeRole")
      ?.split("/")
      .at(-1) ?? null
  );
}

const unescape = (xml: string): string =>
  xml.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
