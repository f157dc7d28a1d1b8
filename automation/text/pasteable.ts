/** What leaves the driver: every command that its texts name can be pasted as it stands. */
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import { withStack } from "./command-line";

const texts = new Set(["message", "remedy"]);

/** The same value with whole commands in its messages and remedies, however deep; nothing else is changed. */
export function pasteable<T>(value: T, environment: string): T {
  if (Array.isArray(value)) return value.map((one: unknown) => pasteable(one, environment)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      key,
      typeof inner === "string"
        ? texts.has(key)
          ? withStack(inner, environment)
          : inner
        : pasteable(inner, environment),
    ]),
  ) as T;
}

export const pasteableEvents =
  (sink: EventSink, environment: string): EventSink =>
  (event) =>
    sink(pasteable(event, environment));

/** @throws the same failure, with whole commands */
export function throwPasteable(error: unknown, environment: string): never {
  if (!(error instanceof DriverError)) throw error;
  throw new DriverError(error.code, withStack(error.message, environment), withStack(error.remedy, environment), error);
}
