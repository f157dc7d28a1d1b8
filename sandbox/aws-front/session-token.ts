/** STS' GetSessionToken, which moto answers everybody with the same keys. */
import { AwsError } from "./aws-error";
import type { Answer } from "./error-answer";
import type { Principals } from "./permissions/principals";
import { number, parseQuery } from "./query";
import { parametersOf } from "./query-request";
import { queryAnswer } from "./xml";

/** Seconds that AWS gives a session when nothing is said, and those that may be asked for. */
const sessionSeconds = { usual: 43_200, least: 900, most: 129_600 };

interface Asked {
  readonly body: Buffer;
  readonly url: URL;
  readonly requestId: string;
  readonly accessKeyId: string;
}

/** @throws AwsError for whoever has no long-lived key */
export function answerSessionToken(principals: Principals, { body, url, requestId, accessKeyId }: Asked): Answer {
  const params = parseQuery(parametersOf(body, url.searchParams).toString());
  const seconds = number(params, "DurationSeconds") ?? sessionSeconds.usual;
  const { least, most } = sessionSeconds;
  if (!(seconds >= least && seconds <= most))
    throw new AwsError("ValidationError", `DurationSeconds has to be from ${least} to ${most}`);
  const Credentials = { ...principals.session(accessKeyId, seconds) };
  return {
    status: 200,
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
    body: queryAnswer("GetSessionToken", { Credentials }, requestId, "https://sts.amazonaws.com/doc/2011-06-15/"),
  };
}
