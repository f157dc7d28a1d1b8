/**
 * How AWS, the engine and the backends say that somebody's credentials are missing, wrong, at their end, or not enough:
 * the one table for all of them. Such a failure is not repeated: the same credentials give the same answer.
 */

/** Codes of AWS's own answers, by which the SDK names its errors. */
const codes = [
  "CredentialsProviderError",
  "NoCredentialProviders",
  "TokenProviderError",
  "ExpiredToken",
  "RequestExpired",
  "TokenRefreshRequired",
  "InvalidClientTokenId",
  "InvalidAccessKeyId",
  "UnrecognizedClient",
  "MissingAuthenticationToken",
  "IncompleteSignature",
  "InvalidSignature",
  "SignatureDoesNotMatch",
  "AuthFailure",
];
/** Codes of calls that these credentials may not make. */
const denials = ["AccessDenied", "UnauthorizedOperation"];

const anyOf = (words: readonly string[]): RegExp => new RegExp(`(^|[^A-Za-z])(${words.join("|")})(Exception)?\\b`);
const named = anyOf([...codes, ...denials]);

/** What the driver's own call to AWS got. */
export const isCredentialError = (name: string): boolean => named.test(name);

const denied = anyOf(denials);
/** Whether these credentials were understood, and are not enough. */
export const isDenialName = (name: string): boolean => denied.test(name);

/** Sentences of the engine, the providers, the backends and their SDKs. */
const sentences: readonly RegExp[] = [
  anyOf([...codes, "UnauthorizedOperation"]),
  /security token included in the request is (expired|invalid)/i,
  /\bSSO session (associated with this profile )?(has expired|is expired|is otherwise invalid)/i,
  /token (for \S+ )?has expired|token is expired|refresh cached (credentials|SSO token) failed/i,
  /failed to refresh cached credentials/i,
  /[Ii]nvalid credentials configured|[Nn]o valid credential sources/,
  /could not find default credentials|google: could not find|\binvalid_grant\b|AADSTS\d+/,
  /invalid access token|PULUMI_ACCESS_TOKEN must be set|\[401\] Unauthorized/,
];

/**
 * Whether a failed command's text says so. What an admission webhook answers is about the credentials of the cluster's
 * own controller, and a denial by a name that was made a moment ago may pass: both are left to a second attempt.
 */
export const saysCredentials = (text: string): boolean =>
  text
    .split("\n")
    .filter((line) => !/admission webhook|failed calling webhook/.test(line))
    .some((line) => sentences.some((sentence) => sentence.test(line)));
