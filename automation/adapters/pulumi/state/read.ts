/** A stack's exported state, as far as the driver reads it. */
import type { EnvironmentOutputs } from "../../../../stacks/contract";
import { overtaken } from "../../../errors";
import type { PendingOperation, StackOwner, StackReading } from "../../../ports";

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly protect?: boolean;
  readonly outputs?: Record<string, unknown>;
  readonly delete?: boolean;
}
export interface StateFile {
  readonly deployment?: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly { readonly resource: StateResource; readonly type: string }[];
  };
}

const secretKey = "4dabf18193072939515e22adb298388d";

/** Secrets come wrapped, also in an export that shows them. */
export function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[secretKey] !== undefined)
    return typeof object["plaintext"] === "string" ? unwrapSecrets(JSON.parse(object["plaintext"])) : null;
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, unwrapSecrets(inner)]));
}

/** Whether a value holds a secret that this export does not show. */
function isEncrypted(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (secretKey in value && "ciphertext" in value && !("plaintext" in value)) return true;
  return Object.values(value).some(isEncrypted);
}

const isStack = (resource: StateResource): boolean => resource.type === "pulumi:pulumi:Stack";

/** Whether the stack's own outputs can't be read without decrypting. */
export const hasSecretOutputs = (state: StateFile): boolean =>
  (state.deployment?.resources ?? []).some((resource) => isStack(resource) && isEncrypted(resource.outputs));

export function readingOf<Outputs>(state: StateFile): StackReading<Outputs> {
  const resources = state.deployment?.resources ?? [];
  const outputs = resources.find(isStack)?.outputs;
  const pendingOperations = (state.deployment?.pending_operations ?? []).map((pending): PendingOperation => ({
    urn: pending.resource.urn,
    type: pending.resource.type,
    operation: pending.type,
  }));
  return {
    exists: true,
    resources: resources.filter((resource) => !isStack(resource) && !resource.type.startsWith("pulumi:")).length,
    outputs: outputs === undefined || Object.keys(outputs).length === 0 ? null : (unwrapSecrets(outputs) as Outputs),
    pendingOperations,
  };
}

/** @throws EBG-FENCED when the environment's state has a record of another revision */
export function assertRevision(state: StateFile, expected: number): void {
  const now = readingOf<Partial<EnvironmentOutputs>>(state).outputs?.record?.revision;
  if (now !== expected) throw overtaken(now, expected);
}

export const missing = <Outputs>(): StackReading<Outputs> => ({
  exists: false,
  resources: 0,
  outputs: null,
  pendingOperations: [],
});

/** URNs of protected resources of the wanted types. */
export function protectedUrns(state: StateFile, wanted: (type: string) => boolean): string[] {
  return (state.deployment?.resources ?? [])
    .filter((resource) => resource.protect === true && resource.delete !== true && wanted(resource.type))
    .map((resource) => resource.urn);
}

/**
 * Whose a member's stack is, by the name of the first thing that its program declares: the provider `<member>-aws`. The
 * stack's name without it is the environment's. Null: there is none (yet).
 */
export function ownerInState(state: StateFile, stack: string): StackOwner | null {
  for (const { type, urn } of state.deployment?.resources ?? []) {
    if (type !== "pulumi:providers:aws") continue;
    const member = /^(.+)-aws$/.exec(urn.split("::").at(-1) ?? "")?.[1];
    if (member !== undefined && stack.endsWith(`-${member}`))
      return { environment: stack.slice(0, -member.length - 1), member };
  }
  return null;
}

/** The stack itself, and the provider by which a program reads other stacks' outputs. */
export const enginesOwn = (state: StateFile | null): string[] =>
  (state?.deployment?.resources ?? [])
    .filter(({ type }) => type === "pulumi:pulumi:Stack" || type === "pulumi:providers:pulumi")
    .map(({ urn }) => urn);
