/**
 * Whether a member's API server may be asked at the address that the state has, while EKS fails to tell it: whoever can
 * write the state then chooses who gets the driver's token. Kept per run, so that two runs in one process don't share it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const trusted = new AsyncLocalStorage<boolean>();

export const withStateAddresses = <T>(trust: boolean, work: () => Promise<T>): Promise<T> => trusted.run(trust, work);

/** Default: no. */
export const mayTrustStateAddresses = (): boolean => trusted.getStore() ?? false;
