/** One call to AWS: its deadline, and what its failure is to the driver. */
import { DriverError } from "../../errors";
import { isCredentialError, isDenialName } from "../credential-errors";
import { denialIn, denialRemedy, readable } from "../denial";

/** Real seconds: an API call that takes longer than this is lost. */
export const callSeconds = 30;

export type Send<T> = (options: { readonly abortSignal: AbortSignal }) => Promise<T>;
export type Call = <T>(action: string, send: Send<T>) => Promise<T>;

/** What AWS answered, as an error of ours. */
export function failure(action: string, error: unknown): DriverError {
  const { name = "Error", message = String(error) } = error as { name?: string; message?: string };
  if (isDenialName(name)) {
    // An older answer of EC2 says no more than that: what was asked for is known here.
    const denial = denialIn(message) ?? { who: null, action, resource: null, explicit: false };
    return new DriverError(
      "EBG-CREDENTIALS",
      `AWS refuses ${action}: ${name}: ${readable(message)}`,
      denialRemedy(denial),
      error,
    );
  }
  if (isCredentialError(name))
    return new DriverError(
      "EBG-CREDENTIALS",
      `AWS refuses ${action}: ${name}: ${message}`,
      "check with: aws sts get-caller-identity; docs/reference/permissions.md lists what the driver needs",
      error,
    );
  if (name === "TimeoutError" || name === "AbortError")
    return new DriverError(
      "EBG-DEADLINE",
      `AWS did not answer ${action} within ${callSeconds} s`,
      "check the network and AWS_ENDPOINT_URL, then run the same command again",
      error,
    );
  return new DriverError(
    "EBG-AWS",
    `${action}: ${name}: ${message}`,
    "run the same command again; if it stays, look at AWS's status",
    error,
  );
}

export const callAws: Call = async (action, send) => {
  try {
    return await send({ abortSignal: AbortSignal.timeout(callSeconds * 1000) });
  } catch (error) {
    throw failure(action, error);
  }
};

/**
 * Whether a failed call says that what it named is not there: `LoadBalancerNotFound`, `NoSuchEntity`,
 * `ResourceNotFoundException`, `InvalidGroup.NotFound` and their like. In an account that others use, what a list told
 * a moment ago may be gone.
 */
export function isGone(error: unknown): boolean {
  const { name, cause } = (error ?? {}) as { name?: string; cause?: { name?: string } };
  return /NotFound|NoSuch(Entity|LoadBalancer|TargetGroup)/.test(`${name ?? ""} ${cause?.name ?? ""}`);
}

/** Whether a failed call says that these credentials may not make it. */
export function isDenied(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: { name?: string } };
  return isDenialName(cause?.name ?? "");
}

/** null for what is gone. */
export async function unlessGone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
