/** How a stand-in makes one type of AWS resource. Each service's file is a table of these. */
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { EKSClient } from "@aws-sdk/client-eks";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Limits } from "../stand-in";
import type { Props } from "../rpc/values";

export interface AwsContext extends Limits {
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly iam: IAMClient;
  readonly region: string;
  accountId(): Promise<string>;
}

export interface AwsResource {
  readonly token: string;
  /**
   * Properties that the stand-in acts on. Any other one is refused by Check: silently leaving it out would be a lie.
   */
  readonly inputs: readonly string[];
  /** True when the old one must be gone first (its name or place is taken). */
  readonly deleteBeforeReplace?: (inputs: Props) => boolean;
  readonly autoName?: { readonly property: string; readonly longest: number };
  /** Filled in by Check when absent. */
  readonly defaults?: Props;
  readonly taggable: boolean;
  /** Keys that AWS adds below a property: unknown in a create's preview, as with the official provider. */
  readonly computedBelow?: Readonly<Record<string, readonly string[]>>;
  /** Seconds until `ready` gives up, without customTimeouts. */
  readonly timeoutSeconds?: number;
  /** Problems of the inputs that AWS, or the official provider before it, refuses. */
  readonly validate?: (inputs: Props) => readonly { readonly property: string; readonly reason: string }[];
  /**
   * @param exists is told the id as soon as the main object is there (and returns it): a later step's failure must not
   * lose it.
   */
  create(
    aws: AwsContext,
    inputs: Props,
    tags: Readonly<Record<string, string>>,
    exists: (id: string) => string,
  ): Promise<string>;
  /**
   * All that AWS tells of it, in the program's words; what it does not tell, the state does not have. Null when it is not
   * there.
   * @param inputs what the program says, or the last outputs: some things are found by them, and a forward to one group
   *   is told in the form that the program chose.
   */
  read(aws: AwsContext, id: string, inputs: Props): Promise<Props | null>;
  /** Of a resource that is usable only later: false while it waits. Throws when it failed. */
  ready?(aws: AwsContext, id: string, inputs: Props): Promise<boolean>;
  /** Changed top-level properties besides tags; `olds` is what AWS told before. */
  update?(aws: AwsContext, id: string, inputs: Props, olds: Props, changed: ReadonlySet<string>): Promise<void>;
  /** Sets tags to exactly `tags`; `olds` are those that were set before. */
  tag?(
    aws: AwsContext,
    id: string,
    tags: Readonly<Record<string, string>>,
    removed: readonly string[],
    outputs: Props,
  ): Promise<void>;
  delete(aws: AwsContext, id: string, outputs: Props): Promise<void>;
  /** False while it is still being deleted. Default: gone when `read` gives null. */
  readonly waitsForDeletion?: boolean;
}

export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function tagMap(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Record<string, string> {
  return Object.fromEntries(
    (tags ?? []).filter((tag) => !tag.Key?.startsWith("aws:")).map((tag) => [tag.Key ?? "", tag.Value ?? ""]),
  );
}

const pollMs = 150;

/**
 * Between two looks at AWS: 75 to 225 ms, so that many waits don't ask in step. Ends at once when the operation is
 * cancelled.
 */
export async function pause(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, pollMs * (0.5 + Math.random()));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

/** True for AWS's many ways to say that something is not there. */
export function isNotFound(error: unknown): boolean {
  const name = (error as { name?: string }).name ?? "";
  return (
    /NotFound|NoSuchEntity|^ResourceNotFoundException$|InvalidNatGatewayID|InvalidAllocationID/.test(name) &&
    !/PermissionNotFound/.test(name)
  );
}

/** `work`, or null when AWS says that the thing is not there. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** `work`, not minding that the thing is already gone. */
export async function unlessGone(work: Promise<unknown>): Promise<void> {
  await orNull(work);
}

/** Ends `work` without an error when the error's name is one of these: what was asked for is already so. */
export async function unlessAlready(names: readonly string[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!names.includes((error as { name?: string }).name ?? "")) throw error;
  }
}

/** JSON that means the same compares the same: policies come back with other spaces and key order. */
export function stableJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
