/**
 * What a stand-in provider is, apart from gRPC. Values are plain: secrets and resource references are unwrapped by the
 * engine, unknown is `UNKNOWN`.
 */
import type { Check, Diff, Props } from "./rpc/values";

/** Which resource a call is about. */
export interface Target {
  readonly urn: string;
  /** `aws:ec2/vpc:Vpc` */
  readonly type: string;
  readonly name: string;
}

export interface CheckCall extends Target {
  readonly olds: Props;
  readonly news: Props;
  /** Same in a preview and in the update that follows its plan, so that names drawn from it are the same too. */
  readonly seed: Buffer;
}

export interface ChangeCall extends Target {
  readonly id: string;
  readonly oldInputs: Props;
  readonly oldOutputs: Props;
  readonly news: Props;
}

/** How long an operation may take, and whether it was cancelled. */
export interface Limits {
  readonly signal: AbortSignal;
  /** From customTimeouts; 0 when none was given. */
  readonly timeoutSeconds: number;
}

export interface Created {
  readonly id: string;
  readonly outputs: Props;
}

export interface StandIn {
  readonly name: string;
  /** Version of the official plugin whose types this follows. */
  readonly version: string;
  configure(config: Props): Promise<void>;
  /** Property names whose change makes another provider of it. */
  configReplaces(olds: Props, news: Props): readonly string[];
  check(call: CheckCall): Promise<Check>;
  diff(call: ChangeCall): Promise<Diff>;
  create(call: Target & { readonly inputs: Props; readonly preview: boolean }, limits: Limits): Promise<Created>;
  /** Without inputs and outputs: an import. It may be asked for by another id than the resource then has. */
  read(
    call: Target & { readonly id: string; readonly inputs: Props; readonly outputs: Props },
  ): Promise<{ readonly id?: string; readonly outputs: Props; readonly inputs: Props } | null>;
  update(call: ChangeCall & { readonly preview: boolean }, limits: Limits): Promise<Props>;
  delete(
    call: Target & { readonly id: string; readonly oldInputs: Props; readonly outputs: Props },
    limits: Limits,
  ): Promise<void>;
  invoke(token: string, args: Props): Promise<Props>;
}

/** The object exists, but is not (yet) what was asked for: recorded with these outputs, and the update fails. */
export class PartialFailure extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Props,
    readonly reasons: readonly string[],
    cause?: unknown,
  ) {
    super(reasons.join("; "), { cause });
    this.name = "PartialFailure";
  }
}
