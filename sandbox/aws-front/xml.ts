/** The query protocol's answer. */
import type { AwsError } from "./aws-error";

export type XmlValue =
  string | number | boolean | null | undefined | Date | readonly XmlValue[] | { readonly [key: string]: XmlValue };

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeXml = (value: string): string => value.replaceAll(/[&<>"]/g, (one) => escapes[one] ?? one);

/** Lists become `<member>` elements; what is null or undefined is left out, as AWS does. */
export function toXml(value: XmlValue): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one: XmlValue) => `<member>${toXml(one)}</member>`).join("");
  if (typeof value !== "object") return escapeXml(String(value));
  return Object.entries(value)
    .filter(([, one]) => one !== null && one !== undefined)
    .map(([key, one]) => `<${key}>${toXml(one as XmlValue)}</${key}>`)
    .join("");
}

export function queryAnswer(action: string, result: XmlValue, requestId: string, namespace: string): string {
  return (
    `<${action}Response ` +
    `xmlns="${namespace}"><${action}Result>${toXml(result)}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
  );
}

export function queryError(error: AwsError, requestId: string, namespace: string): string {
  const type = error.status >= 500 ? "Receiver" : "Sender";
  return (
    "<ErrorResponse " +
    `xmlns="${namespace}"><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  );
}

/** EC2 has a shape of its own. */
export function ec2Error(error: AwsError, requestId: string): string {
  return (
    `<?xml version="1.0" ` +
    `encoding="UTF-8"?><Response><Errors><Error><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`
  );
}
