/**
 * A fault as one word of a command line: `ON:WHAT=KIND,option=value…`, for example
 * `kubernetes:dev-green:patch:deployments=error,status=503,count=2`.
 * In a rehearsal it may say when: `…@MOVE` or `…@MOVE.PHASE`.
 */
import { SandboxError } from "../shared/errors";
import { checkFault, shapes, type FaultOn, type FaultSpec } from "./spec";

const isOn = (word: string): word is FaultOn => Object.hasOwn(shapes, word);

/** Numbers where a number is wanted; an address, though it looks like one, stays a text. */
function optionValue(key: string, value: string): unknown {
  return ["status", "ms", "count", "skip", "probability", "pods", "afterSeconds"].includes(key) &&
    value.trim() !== "" &&
    Number.isFinite(Number(value))
    ? Number(value)
    : value;
}

/** @throws SBX-FAULT */
export function parseFaultText(text: string): FaultSpec {
  const [what = "", ...behind] = text.split("=");
  const rest = behind.join("=");
  const [first = "", ...names] = what.split(":");
  const on = isOn(first) ? first : "aws";
  const parts = isOn(first) ? names : [first, ...names];
  const required = Object.keys(shapes[on].required);
  // The last one may hold colons itself (an AWS operation does).
  const values =
    parts.length > required.length
      ? [...parts.slice(0, required.length - 1), parts.slice(required.length - 1).join(":")]
      : parts;
  if (rest === "")
    throw new SandboxError(
      "SBX-FAULT",
      `not a fault: '${text}' names no kind`,
      `Write ON:WHAT=KIND,option=value…, with ON one of ${Object.keys(shapes).join(", ")}: for example ` +
        "pods:dev-green:web=crash. docs/reference/faults.md has the table.",
    );
  const [kind = "", ...options] = rest.split(",");
  const given = options.map((option): [string, unknown] => {
    const [key = "", ...value] = option.split("=");
    return [key, optionValue(key, value.join("="))];
  });
  return checkFault({
    on,
    ...Object.fromEntries(values.map((value, index) => [required[index] ?? "?", value])),
    kind,
    ...Object.fromEntries(given),
  });
}

/** What `parseFaultText` reads back. */
export function faultText(fault: FaultSpec): string {
  const on = fault.on ?? "aws";
  const fields = fault as unknown as Readonly<Record<string, unknown>>;
  const names = Object.keys(shapes[on].required).map((key) => String(fields[key]));
  const options = Object.keys(shapes[on].optional)
    .filter((key) => fields[key] !== undefined)
    .map((key) => `${key}=${String(fields[key])}`);
  return `${[on, ...names].join(":")}=${[fault.kind, ...options].join(",")}`;
}
