/**
 * Whom the driver is in a sandbox: a role that may do everything, taken on for each command with the policies that the
 * documentation has for it and nothing else, as a pipeline does it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreatePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { SandboxInfo } from "../../sandbox/contract";

/** Which policies a command needs, as docs/reference/permissions.md says. */
const deploy = ["deploy-environment", "deploy-members"] as const;
const look = ["look"] as const;
const moves = [...look, "move", ...deploy] as const;

export type PolicyName = (typeof moves)[number] | "adopt" | "destroy";

export const commandPolicies: Readonly<Record<string, readonly PolicyName[]>> = {
  status: look,
  plan: look,
  verify: look,
  up: moves,
  upgrade: moves,
  rollback: moves,
  admit: moves,
  drain: moves,
  scale: moves,
  evacuate: moves,
  adopt: [...look, "adopt", ...deploy],
  teardown: [...look, "destroy", ...deploy],
};

/** Names that stand for a policy's placeholders. */
export interface PolicyNames {
  readonly environment: string;
  readonly members: readonly string[];
  /** Values of those that only some environments have: `VPC_ID`, `GROUP_ID`. Without one it stays as it is written. */
  readonly others?: Readonly<Record<string, string>>;
}
type Statement = Readonly<Record<string, unknown>> & { readonly Action: string | readonly string[] };

const roleName = "rehearsal";

/** A policy of the package for one environment; `without`: actions that are left out. */
export function policyFor(
  name: PolicyName,
  account: { readonly accountId: string; readonly region: string },
  { environment, members, others = {} }: PolicyNames,
  without: readonly string[] = [],
): string {
  const written = readFileSync(join(__dirname, "../../policies", `${name}.json`), "utf8")
    .replaceAll("ACCOUNT_ID", account.accountId)
    .replaceAll("REGION", account.region)
    .replaceAll("ENVIRONMENT", environment);
  const text = Object.entries(others).reduce((now, [name, value]) => now.replaceAll(name, value), written);
  const document = JSON.parse(text) as { readonly Statement: readonly Statement[] };
  const resources = (one: unknown): unknown =>
    Array.isArray(one)
      ? one.flatMap((arn: string) =>
          arn.includes("MEMBER") ? members.map((member) => arn.replaceAll("MEMBER", member)) : [arn],
        )
      : one;
  return JSON.stringify({
    ...document,
    Statement: document.Statement.map((one) => ({
      ...one,
      Action: [one.Action].flat().filter((action) => !without.includes(action)),
      Resource: resources(one["Resource"]),
    })).filter(({ Action }) => Action.length > 0),
  });
}

/** The credentials of each command. */
export class Identities {
  private readonly policies = new Map<string, Promise<string>>();

  private constructor(
    private readonly info: SandboxInfo,
    private readonly names: PolicyNames,
    private readonly iam: IAMClient,
    private readonly sts: STSClient,
    private readonly roleArn: string,
  ) {}

  /** Makes the role in the sandbox. */
  static async make(info: SandboxInfo, names: PolicyNames): Promise<Identities> {
    const settings = {
      endpoint: info.awsEndpoint,
      region: info.region,
      credentials: {
        accessKeyId: info.env["AWS_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: info.env["AWS_SECRET_ACCESS_KEY"] ?? "",
      },
    };
    const [iam, sts] = [new IAMClient(settings), new STSClient(settings)];
    const trust = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${info.accountId}:root` }, Action: "sts:AssumeRole" },
      ],
    };
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: roleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
    );
    // The session's policies are the limit.
    const all = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
    await iam.send(
      new PutRolePolicyCommand({ RoleName: roleName, PolicyName: "all", PolicyDocument: JSON.stringify(all) }),
    );
    return new Identities(info, names, iam, sts, Role?.Arn ?? "");
  }

  /** Settings of an SDK's client that calls the front as a command does. */
  async client(command: string, endpoint: string, region: string, without: readonly string[] = []) {
    const env = await this.environment(command, without);
    return {
      endpoint,
      region,
      maxAttempts: 1,
      credentials: {
        accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
        sessionToken: env["AWS_SESSION_TOKEN"] ?? "",
      },
    };
  }

  /** Variables of a process that runs the command; `without`: actions that its policies lack. */
  async environment(command: string, without: readonly string[] = []): Promise<Record<string, string>> {
    const names = commandPolicies[command] ?? [];
    const arns = await Promise.all(names.map((name) => this.policy(name, without)));
    const { Credentials } = await this.sts.send(
      new AssumeRoleCommand({
        RoleArn: this.roleArn,
        RoleSessionName: command,
        PolicyArns: arns.map((arn) => ({ arn })),
      }),
    );
    return {
      AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? "",
      AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? "",
      AWS_SESSION_TOKEN: Credentials?.SessionToken ?? "",
    };
  }

  private policy(name: PolicyName, without: readonly string[]): Promise<string> {
    const PolicyName = [name, ...without.map((action) => action.replace(":", "-"))].join("-without-");
    const known =
      this.policies.get(PolicyName) ??
      this.iam
        .send(new CreatePolicyCommand({ PolicyName, PolicyDocument: policyFor(name, this.info, this.names, without) }))
        .then(({ Policy }) => Policy?.Arn ?? "");
    this.policies.set(PolicyName, known);
    return known;
  }

  close(): void {
    this.iam.destroy();
    this.sts.destroy();
  }
}
