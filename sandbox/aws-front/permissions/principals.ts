/**
 * Who signed a request, by the access key. The sandbox's own key may do everything. Keys that were made through it, of
 * IAM users and of assumed roles, stand for whom they were made for, and a load balancer controller's for the role that
 * EKS gives its pods. A key that nobody can be told of may do nothing.
 */
import { randomBytes } from "node:crypto";
import { AwsError } from "../aws-error";
import { callerArn } from "../eks/access";
import { type Cluster, type EksContext, stringOf } from "../eks/store";
import { objects, parseQuery, type QueryObject, text } from "../query";
import type { Principal } from "./authorizer";
import type { Context } from "./conditions";
import { type IamReader, plain } from "./iam-reader";
import { type Layers, parsePolicy } from "./policy";

/** Charts and people name it so; the sandbox knows no other controller that calls AWS. */
const serviceAccount = "aws-load-balancer-controller";

/** What the caller of GetSessionToken gets. */
export interface SessionKeys {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: Date;
}

interface Key {
  readonly secretAccessKey: string;
  /** The token that has to come with a temporary key. */
  readonly sessionToken: string | null;
  readonly principal: Principal | null;
  /** What EKS' access entries name: the user or the role, not the session. */
  readonly entryArn: string;
  /** The key that it was got with by GetSessionToken: moto knows only that one. */
  readonly madeWith?: string;
  /** Milliseconds since 1970; absent: a user's own key, which does not end. */
  readonly expiresAt?: number;
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
    /** The sandbox's own; left out, no key is checked, and any is taken for it. */
    private readonly ownKey: string | undefined,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether a key is one of those that were made here, or a controller's, and may be used. */
  knows(accessKeyId: string): boolean {
    return this.keys.get(accessKeyId)?.active === true || this.controllerOf(accessKeyId) !== null;
  }

  /** Whether it is a session's, and that has ended. */
  hasEnded(accessKeyId: string): boolean {
    return (this.keys.get(accessKeyId)?.expiresAt ?? Number.POSITIVE_INFINITY) <= this.now();
  }

  /** Of a key that was made here; null for others. */
  secretOf(accessKeyId: string): { readonly secretAccessKey: string; readonly sessionToken: string | null } | null {
    return this.keys.get(accessKeyId) ?? null;
  }

  /** For a token that is signed with a key that was made here; null for others. */
  forToken(accessKeyId: string): { readonly secretAccessKey: string; readonly arn: string } | null {
    const key = this.keys.get(accessKeyId);
    return key?.active === true && !this.hasEnded(accessKeyId)
      ? { secretAccessKey: key.secretAccessKey, arn: key.entryArn }
      : null;
  }

  /** What EKS' access entries call the owner of a key that was made here; null for others. */
  entryArnOf(accessKeyId: string): string | null {
    return this.keys.get(accessKeyId)?.entryArn ?? null;
  }

  /** The key by which moto knows whose this one is. */
  inMoto(accessKeyId: string): string {
    return this.keys.get(accessKeyId)?.madeWith ?? accessKeyId;
  }

  /** null: the sandbox's own key, also by way of a session: it may do everything. */
  async of(accessKeyId: string): Promise<Principal | null> {
    if (this.isOwn(accessKeyId)) return null;
    const key = this.keys.get(accessKeyId);
    if (key !== undefined) return key.principal;
    const clusterName = this.controllerOf(accessKeyId);
    return (clusterName === null ? null : await this.controller(clusterName)) ?? this.nobody();
  }

  private isOwn(accessKeyId: string): boolean {
    if (accessKeyId === this.ownKey) return true;
    return this.ownKey === undefined && !this.keys.has(accessKeyId) && this.controllerOf(accessKeyId) === null;
  }

  /** Of a controller whose cluster is gone, or that has no role: AWS would give its pods no key at all. */
  private nobody(): Principal {
    const arn = `arn:aws:sts::${this.eks.accountId}:assumed-role/none/none`;
    return { arn, context: about(arn, {}), policies: async () => [[]] };
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
  async learn(operation: string, request: string, answer: string): Promise<void> {
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
      default:
    }
  }

  /**
   * GetSessionToken: keys that stand for the caller. Not asked of moto, which gives everybody the same ones, out of AWS's
   * documentation. @throws AwsError for who has no long-lived key, as AWS does
   */
  session(callerKey: string, seconds: number): SessionKeys {
    const caller = this.keys.get(callerKey);
    const isLongLived = caller === undefined ? this.isOwn(callerKey) : caller.sessionToken === null;
    if (!isLongLived) throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
    const made: SessionKeys = {
      AccessKeyId: `ASIASANDBOX${randomBytes(6).toString("hex").toUpperCase()}`,
      SecretAccessKey: randomBytes(30).toString("base64url"),
      SessionToken: randomBytes(120).toString("base64url"),
      Expiration: new Date(this.now() + seconds * 1000),
    };
    this.put(made.AccessKeyId, {
      secretAccessKey: made.SecretAccessKey,
      sessionToken: made.SessionToken,
      principal: caller?.principal ?? null,
      entryArn: caller?.entryArn ?? callerArn(this.eks),
      madeWith: callerKey,
      expiresAt: made.Expiration.getTime(),
      active: true,
    });
    return made;
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

  private add(answer: string, principal: Principal, entryArn: string): void {
    const id = element(answer, "AccessKeyId");
    const secret = element(answer, "SecretAccessKey");
    if (id === undefined || secret === undefined) return;
    const expiresAt = Date.parse(element(answer, "Expiration") ?? "");
    this.put(id, {
      secretAccessKey: unescape(secret),
      sessionToken: element(answer, "SessionToken") ?? null,
      principal,
      entryArn,
      ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
      active: true,
    });
  }

  /** A key that is somebody's must never become somebody else's. */
  private put(id: string, key: Key): void {
    if (id === this.ownKey || this.keys.has(id) || this.controllerOf(id) !== null)
      throw new AwsError("InternalFailure", `The access key ${id} is there already, and stays its owner's.`, 500);
    this.keys.set(id, key);
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
