/**
 * Whether logins that a kubeconfig of the state describes may be made: they run commands and read files that whoever
 * writes the state chose. Kept per run, so that two runs in one process don't share it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const allowed = new AsyncLocalStorage<boolean>();

export const withExecPermission = <T>(allow: boolean, work: () => Promise<T>): Promise<T> => allowed.run(allow, work);

/** Default: no. */
export const mayRunExec = (): boolean => allowed.getStore() ?? false;
