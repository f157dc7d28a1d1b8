/** The policies of roles and users, as they were made in IAM through the sandbox. */
import { type IncomingHttpHeaders } from "node:http";
import { XMLParser } from "fast-xml-parser";
import { AwsError } from "../aws-error";
import type { MotoProxy } from "../moto-proxy";
import { type Layers, parsePolicy, type Policy } from "./policy";

/** IAM is eventually consistent: what was changed takes seconds to be felt. */
const propagationSeconds = 10;
type Kind = "Role" | "User" | "Group";
type Node = Readonly<Record<string, unknown>>;

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, isArray: (name) => name === "member" });
const members = <T>(node: Node, key: string): readonly T[] =>
  (node[key] as { member?: readonly T[] } | undefined)?.member ?? [];

/** IAM hands documents out percent-encoded. */
export function plain(document: string): string {
  return document.trimStart().startsWith("{") ? document : decodeURIComponent(document.replaceAll("+", " "));
}

export class IamReader {
  private readonly cache = new Map<string, Promise<unknown>>();

  constructor(
    private readonly moto: MotoProxy,
    private readonly later: (ms: number, run: () => void) => void,
    private readonly scaled: (seconds: number) => number,
  ) {}

  /** To be called after every change in IAM. */
  changed(): void {
    this.later(this.scaled(propagationSeconds), () => this.cache.clear());
  }

  /** What a role or a user may do; nothing when it is gone. */
  layers(kind: "Role" | "User", name: string): Promise<Layers> {
    return this.once(`${kind} ${name}`, () => this.readLayers(kind, name));
  }

  /** With its path; null: there is none. */
  arnOf(kind: "role" | "user", name: string): Promise<string | null> {
    return this.once(`arn ${kind} ${name}`, async () => {
      const one = kind === "role" ? "Role" : "User";
      const found = (await this.call(`Get${one}`, { [`${one}Name`]: name }))[one] as Node | undefined;
      return typeof found?.["Arn"] === "string" ? found["Arn"] : null;
    });
  }

  private once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const known = (this.cache.get(key) as Promise<T> | undefined) ?? read();
    this.cache.set(key, known);
    known.catch(() => this.cache.delete(key));
    return known;
  }

  private async readLayers(kind: "Role" | "User", name: string): Promise<Layers> {
    const [own, boundary, groups] = await Promise.all([
      this.policiesOf(kind, name),
      this.boundaryOf(kind, name),
      kind === "User" ? this.groupsOf(name) : [],
    ]);
    const all = [...own, ...groups];
    return boundary === null ? [all] : [all, [boundary]];
  }

  private async groupsOf(UserName: string): Promise<readonly Policy[]> {
    const groups = members<{ readonly GroupName?: string }>(
      await this.call("ListGroupsForUser", { UserName }),
      "Groups",
    );
    return (await Promise.all(groups.map(({ GroupName }) => this.policiesOf("Group", GroupName ?? "")))).flat();
  }

  private async policiesOf(kind: Kind, name: string): Promise<readonly Policy[]> {
    const which = { [`${kind}Name`]: name };
    const [inline, attached] = await Promise.all([
      this.call(`List${kind}Policies`, which),
      this.call(`ListAttached${kind}Policies`, which),
    ]);
    return await Promise.all([
      ...members<string>(inline, "PolicyNames").map(async (PolicyName) =>
        parsePolicy(plain(String((await this.call(`Get${kind}Policy`, { ...which, PolicyName }))["PolicyDocument"]))),
      ),
      ...members<{ readonly PolicyArn?: string }>(attached, "AttachedPolicies").map(({ PolicyArn }) =>
        this.managed(PolicyArn ?? ""),
      ),
    ]);
  }

  private async boundaryOf(kind: "Role" | "User", name: string): Promise<Policy | null> {
    const found = (await this.call(`Get${kind}`, { [`${kind}Name`]: name }))[kind] as Node | undefined;
    const arn = (found?.["PermissionsBoundary"] as Node | undefined)?.["PermissionsBoundaryArn"];
    return typeof arn === "string" ? await this.managed(arn) : null;
  }

  managed(PolicyArn: string): Promise<Policy> {
    return this.once(`policy ${PolicyArn}`, async () => {
      const { DefaultVersionId = "v1" } = ((await this.call("GetPolicy", { PolicyArn }))["Policy"] ?? {}) as {
        readonly DefaultVersionId?: string;
      };
      const version = (await this.call("GetPolicyVersion", { PolicyArn, VersionId: DefaultVersionId }))[
        "PolicyVersion"
      ] as Node | undefined;
      return parsePolicy(plain(String(version?.["Document"] ?? "{}")));
    });
  }

  /** The answer's result; empty for what is not there. */
  async call(action: string, params: Readonly<Record<string, string>>): Promise<Node> {
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
    if (answer.status === 404) return {};
    if (answer.status >= 300)
      throw new AwsError("InternalFailure", `IAM ${action} failed with status ${answer.status}`, 500);
    const parsed = parser.parse(answer.body.toString("utf8")) as Record<string, Record<string, Node> | undefined>;
    return parsed[`${action}Response`]?.[`${action}Result`] ?? {};
  }
}
