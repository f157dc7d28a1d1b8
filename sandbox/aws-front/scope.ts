/** Who is called: the credential scope `KEY/DATE/REGION/SERVICE/aws4_request` of a signed request. */
import type { IncomingHttpHeaders } from "node:http";
import { AwsError } from "./aws-error";

export interface Scope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** Services that have one endpoint for all regions; their scope says us-east-1 wherever the caller is. */
const globalServices = new Set([
  "iam",
  "sts",
  "route53",
  "organizations",
  "cloudfront",
  "account",
  "budgets",
  "ce",
  "tax",
  "support",
  "s3",
]);

export function parseScope(credential: string): Scope | null {
  const parts = credential.split("/");
  if (parts.length < 5) return null;
  const [service, region] = [parts[parts.length - 2], parts[parts.length - 3]];
  const accessKeyId = parts.slice(0, parts.length - 4).join("/");
  return service && region && accessKeyId ? { accessKeyId, region, service } : null;
}

/** Who the request says it is, unchecked. */
export function claimedScope(headers: IncomingHttpHeaders, url: URL): Scope | null {
  const header = /Credential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1];
  return parseScope(header ?? url.searchParams.get("X-Amz-Credential") ?? "");
}

/** What AWS says of a key that it doesn't know, by service. */
function unknownKey(scope: Scope): AwsError {
  const remedy = scope.accessKeyId.startsWith("AKIASANDBOX")
    ? "They are another sandbox's: source this one's env.sh again."
    : "These look like real AWS credentials; the sandbox takes only its own: source its env.sh, in which nothing " +
      "of your own AWS configuration is left.";
  const message =
    `The security token included in the request is invalid: access key ${scope.accessKeyId} is not this sandbox's. ` +
    remedy;
  if (scope.service === "ec2") return new AwsError("AuthFailure", message, 401);
  return new AwsError(
    ["sts", "iam", "elasticloadbalancing", "autoscaling", "cloudformation", "sns", "rds"].includes(scope.service)
      ? "InvalidClientTokenId"
      : "UnrecognizedClientException",
    message,
    403,
  );
}

const queryServices = ["sts", "iam", "elasticloadbalancing", "autoscaling", "cloudformation", "sns", "rds", "s3"];

/** What AWS says of a temporary key whose time is over, by service. */
export function endedSession({ service }: Scope): AwsError {
  if (service === "ec2") return new AwsError("RequestExpired", "Request has expired.", 400);
  const code = queryServices.includes(service) ? "ExpiredToken" : "ExpiredTokenException";
  return new AwsError(code, "The security token included in the request is expired", 403);
}

/**
 * Throws what AWS's front door answers when the request isn't signed, is signed with a foreign key (any is taken when
 * `ownKey` is left out), or is meant for another region.
 */
export function scopeOf(
  headers: IncomingHttpHeaders,
  url: URL,
  region: string,
  ownKey?: string,
  isControllers: (accessKeyId: string) => boolean = () => false,
): Scope {
  const scope = claimedScope(headers, url);
  if (scope === null) {
    throw new AwsError(
      "MissingAuthenticationToken",
      "The request is not signed (AWS Signature Version 4). Point an AWS SDK or the AWS CLI at this endpoint " +
        "with the sandbox's keys: source its env.sh.",
      403,
    );
  }
  if (ownKey !== undefined && scope.accessKeyId !== ownKey && !isControllers(scope.accessKeyId))
    throw unknownKey(scope);
  if (scope.region !== region && !(globalServices.has(scope.service) && scope.region === "us-east-1")) {
    throw new AwsError(
      "InvalidSignatureException",
      `Credential should be scoped to a valid region. This sandbox has only ${region}, and the request is for ` +
        `${scope.region} (service ${scope.service}): set AWS_REGION=${region}.`,
      403,
    );
  }
  return scope;
}
