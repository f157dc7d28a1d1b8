/** Who wrote something into the record: the process, and the AWS credentials that it had. */
import type { Signature } from "./types";
import type { Reader } from "./value-reader";

/** As IAM and STS name a user, a role, a session. */
const callerArns = /^arn:[a-z][a-z-]*:(iam|sts)::\d{12}:[\u0021-\u007e]{1,600}$/;

/** What of an answer of STS is written down: nothing that would not be read back. */
export const callerIn = (arn: unknown): Pick<Signature, "caller"> =>
  typeof arn === "string" && callerArns.test(arn) ? { caller: arn } : {};

export const signatureOf = ({ by, caller }: Signature): Signature => (caller === undefined ? { by } : { by, caller });

/** The same in the name of whoever goes on with it; nothing of the former signature stays. */
export function signed<T extends Signature>(value: T, signature: Signature): T {
  const { caller: _former, ...rest } = value;
  return { ...rest, ...signatureOf(signature) } as T;
}

/** A caller that is no ARN is left out: it is only shown, and may not keep anybody from reading the rest. */
export function readSignature(reader: Reader, object: Readonly<Record<string, unknown>>, path: string): Signature {
  const by = reader.text(object["by"], `${path}.by`);
  return { by, ...callerIn(object["caller"]) };
}
