/** Holds a request against a shape of the service's model, and reports every constraint that it breaks. Pure. */
import type { ServiceModel, Shape } from "./models";

/** A broken constraint in AWS's own words: `Value 'x' at 'roleName' failed to satisfy constraint: …`. */
export type Violation = string;

const firstLower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const broken = (value: string, path: string, constraint: string): Violation =>
  `Value ${value} at '${path}' failed to satisfy constraint: Member must ${constraint}`;

/** Patterns of the models are those of Java: `\p{L}` and the like need the `u` flag, where it accepts them. */
const patterns = new Map<string, RegExp | null>();
export function patternOf(source: string): RegExp | null {
  if (!patterns.has(source)) patterns.set(source, compiled(source));
  return patterns.get(source) ?? null;
}

function compiled(source: string): RegExp | null {
  // `[\u0020-\uD7FF…]` of the models; Java's possessive quantifiers have no counterpart here.
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(`^(?:${source})$`, flags);
    } catch {
      continue;
    }
  }
  return null;
}

function scalar(shape: Shape, value: string, path: string): readonly Violation[] {
  const found: Violation[] = [];
  const quoted = `'${value.slice(0, 200)}'`;
  if (["integer", "long", "float", "double"].includes(shape.type)) {
    const number = Number(value);
    if (!Number.isFinite(number)) return [];
    if (shape.min !== undefined && number < shape.min)
      found.push(broken(quoted, path, `have value greater than or equal to ${shape.min}`));
    if (shape.max !== undefined && number > shape.max)
      found.push(broken(quoted, path, `have value less than or equal to ${shape.max}`));
    return found;
  }
  const length = [...value].length;
  if (shape.min !== undefined && length < shape.min)
    found.push(broken(quoted, path, `have length greater than or equal to ${shape.min}`));
  if (shape.max !== undefined && length > shape.max)
    found.push(broken(quoted, path, `have length less than or equal to ${shape.max}`));
  if (shape.pattern !== undefined && patternOf(shape.pattern)?.test(value) === false)
    found.push(broken(quoted, path, `satisfy regular expression pattern: ${shape.pattern}`));
  if (shape.enum !== undefined && !shape.enum.includes(value))
    found.push(broken(quoted, path, `satisfy enum value set: [${shape.enum.join(", ")}]`));
  return found;
}

function size(shape: Shape, count: number, path: string): readonly Violation[] {
  const found: Violation[] = [];
  if (shape.min !== undefined && count < shape.min)
    found.push(broken(`of ${count} members`, path, `have length greater than or equal to ${shape.min}`));
  if (shape.max !== undefined && count > shape.max)
    found.push(broken(`of ${count} members`, path, `have length less than or equal to ${shape.max}`));
  return found;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `value` is a structure as REST-JSON has it, or as `structured` makes it of a query. */
export function violations(model: ServiceModel, name: string | null, value: unknown, path = ""): readonly Violation[] {
  const shape = name === null ? undefined : model.shapes[name];
  if (shape === undefined || value === undefined || value === null) return [];
  const at = (part: string): string => (path === "" ? firstLower(part) : `${path}.${firstLower(part)}`);
  switch (shape.type) {
    case "structure": {
      if (!isObject(value)) return [];
      const missing = (shape.required ?? [])
        .filter((member) => value[member] === undefined || value[member] === null)
        .map((member) => broken("null", at(member), "not be null"));
      const inner = Object.entries(shape.members ?? {}).flatMap(([member, one]) =>
        violations(model, one.shape, value[member], at(member)),
      );
      return [...missing, ...inner];
    }
    case "list": {
      if (!Array.isArray(value)) return [];
      const inner = value.flatMap((one, index) =>
        violations(model, shape.of ?? null, one, `${path}.${index + 1}.member`),
      );
      return [...size(shape, value.length, path), ...inner];
    }
    case "map": {
      if (!isObject(value)) return [];
      const inner = Object.entries(value).flatMap(([key, one]) => [
        ...violations(model, shape.key ?? null, key, path),
        ...violations(model, shape.of ?? null, one, `${path}.${key}`),
      ]);
      return [...size(shape, Object.keys(value).length, path), ...inner];
    }
    default:
      return ["string", "number", "boolean"].includes(typeof value) ? scalar(shape, String(value), path) : [];
  }
}
