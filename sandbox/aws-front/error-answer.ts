/** An error in the shape of the protocol that the caller speaks. */
import type { IncomingMessage } from "node:http";
import type { AwsError } from "./aws-error";
import { elbNamespace } from "./elbv2/actions";
import { ec2Error, queryError } from "./xml";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
  readonly error?: string;
}

export function errorAnswer(
  error: AwsError,
  service: string | null,
  request: IncomingMessage,
  requestId: string,
): Answer {
  const xml = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  const rest = { "content-type": "application/json", "x-amzn-errortype": error.code, "x-amzn-requestid": requestId };
  const answer = (headers: Record<string, string>, body: string): Answer => ({
    status: error.status,
    headers,
    body,
    error: error.code,
  });
  if (service === "ec2") return answer(xml, ec2Error(error, requestId));
  if (service === "eks") return answer(rest, JSON.stringify({ ...error.fields, message: error.message }));
  if (request.headers["x-amz-target"] !== undefined)
    return answer(
      { ...rest, "content-type": "application/x-amz-json-1.1" },
      JSON.stringify({ __type: error.code, message: error.message }),
    );
  if (/x-www-form-urlencoded/.test(request.headers["content-type"] ?? "") || service === "elasticloadbalancing")
    return answer(xml, queryError(error, requestId, elbNamespace));
  return answer(rest, JSON.stringify({ __type: error.code, Code: error.code, message: error.message }));
}
