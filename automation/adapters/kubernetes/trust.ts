/**
 * How far a run may believe the state, which whoever can write it chose. Kept per run, so that two runs in one process
 * don't share it. Default: not at all.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface Trust {
  /** Logins that a kubeconfig of the state describes may be made: they run commands and read files. */
  readonly exec?: boolean;
  /** A member's API server may be asked at the state's address while EKS fails to tell it: it gets the driver's token. */
  readonly addresses?: boolean;
}

const given = new AsyncLocalStorage<Trust>();

export const withTrust = <T>(trust: Trust, work: () => Promise<T>): Promise<T> => given.run(trust, work);

export const mayRunExec = (): boolean => given.getStore()?.exec ?? false;
export const mayTrustStateAddresses = (): boolean => given.getStore()?.addresses ?? false;
