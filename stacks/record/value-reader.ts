/** Reads plain values that came from outside. */
import { identifier, labelName, objectName, plainName, roleName } from "../shared/plain-name";

/** Collects problems; every reader answers a value of its type, also after a problem, so that reading goes on. */
export class Reader {
  readonly problems: string[] = [];

  object(value: unknown, path: string): Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    this.problems.push(`${path}: expected an object, got ${JSON.stringify(value) ?? "nothing"}`);
    return {};
  }
  array(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.problems.push(`${path}: expected a list, got ${JSON.stringify(value) ?? "nothing"}`);
    return [];
  }
  text(value: unknown, path: string): string {
    if (typeof value === "string" && value !== "") return value;
    this.problems.push(`${path}: expected text, got ${JSON.stringify(value) ?? "nothing"}`);
    return "";
  }
  /** A member's or environment's name, as the config allows it: it becomes part of paths and of stacks' names. */
  name(value: unknown, path: string): string {
    const name = this.text(value, path);
    if (name === "" || plainName.test(name)) return name;
    this.problems.push(
      `${path}: expected a name (small letters, digits and dashes, at most 32, beginning with a letter), got ` +
        `${JSON.stringify(name)}`,
    );
    return "";
  }
  /** A namespace or Service: it becomes part of paths at an API server. */
  label(value: unknown, path: string): string {
    return this.matching(value, path, labelName, "a label of Kubernetes' names");
  }
  objectName(value: unknown, path: string): string {
    return this.matching(value, path, objectName, "the name of a Kubernetes object");
  }
  /** Of an IAM role: a policy is written onto it. */
  roleName(value: unknown, path: string): string {
    return this.matching(value, path, roleName, "the name of an IAM role");
  }
  /** An ARN or id of AWS. */
  id(value: unknown, path: string): string {
    return this.matching(value, path, identifier, "an ARN or id of AWS");
  }
  private matching(value: unknown, path: string, pattern: RegExp, what: string): string {
    const text = this.text(value, path);
    if (text === "" || pattern.test(text)) return text;
    this.problems.push(`${path}: expected ${what}, got ${JSON.stringify(text)}`);
    return "";
  }
  whole(value: unknown, path: string, least: number): number {
    if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
    this.problems.push(`${path}: expected a whole number from ${least}, got ${JSON.stringify(value) ?? "nothing"}`);
    return least;
  }
  oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
    if (allowed.includes(value as T)) return value as T;
    this.problems.push(`${path}: expected one of ${allowed.join(", ")}, got ${JSON.stringify(value) ?? "nothing"}`);
    return allowed[0] as T;
  }
}
