/**
 * The program that a member's stack is destroyed by: it declares nothing, so the update deletes all that the stack has.
 * Unlike `pulumi destroy` it runs under the stack's lock, and there looks once more whether this driver may do it.
 */
import type * as Sdk from "@pulumi/pulumi";
import { FENCED, FOREIGN_STACK } from "../../../../stacks/contract";
import { foreignTo } from "../../../environment/member-stack";

export interface RetireFence {
  readonly environment: string;
  readonly member: string;
  readonly expectedRevision: number;
}

type Outputs = Readonly<Record<string, unknown>>;

/** What this package's copy of the SDK must have: a subset, so that tests need no engine. */
export interface RetireSdk {
  getOrganization(): string;
  getProject(): string;
  secret(value: unknown): unknown;
  readonly runtime: { invoke(token: string, args: object, options: object): Promise<unknown> };
}

const subset = (sdk: typeof Sdk): RetireSdk => sdk;

interface LastOutputs {
  readonly outputs: Outputs;
  /** Names of those that are secret: the engine answers all of them in clear. */
  readonly secretOutputNames: readonly string[];
}

async function lastOutputs(sdk: RetireSdk, stack: string): Promise<LastOutputs> {
  const name = `${sdk.getOrganization()}/${sdk.getProject()}/${stack}`;
  const answer = (await sdk.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }, {})) as
    Partial<LastOutputs> | undefined;
  return { outputs: answer?.outputs ?? {}, secretOutputNames: answer?.secretOutputNames ?? [] };
}

/** Keeps the stack's outputs: an update that fails half-way must still tell whose the rest is. */
export function retireProgram(sdk: RetireSdk | typeof Sdk, fence: RetireFence) {
  const engine = subset(sdk as typeof Sdk);
  return async (): Promise<Record<string, unknown>> => {
    const { environment, member, expectedRevision } = fence;
    const [shared, { outputs: own, secretOutputNames }] = await Promise.all([
      lastOutputs(engine, environment),
      lastOutputs(engine, `${environment}-${member}`),
    ]);
    const revision = (shared.outputs["record"] as { readonly revision?: unknown } | undefined)?.revision;
    if (revision !== expectedRevision)
      throw new Error(
        `${FENCED}: destroying '${environment}-${member}' expected the record's revision ${expectedRevision}, but it ` +
          `is ${String(revision)}: another driver or update has moved on. Run the same command again; it reads the ` +
          "record anew",
      );
    const outputs = Object.keys(own).length === 0 ? null : own;
    const whose = foreignTo({ outputs, owner: null, resources: 0 }, environment, member);
    if (whose !== null)
      throw new Error(`${FOREIGN_STACK}: stack '${environment}-${member}' belongs to ${whose}. It was not touched`);
    return Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, secretOutputNames.includes(key) ? engine.secret(value) : value]),
    );
  };
}
