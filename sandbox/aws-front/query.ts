/** The query protocol's request: `Attributes.member.1.Key=…` to `{Attributes: [{Key: …}]}`. */
export type QueryValue = string | QueryValue[] | { [key: string]: QueryValue };
export interface QueryObject {
  [key: string]: QueryValue;
}

export function parseQuery(body: string): QueryObject {
  const root: QueryObject = {};
  for (const [path, value] of new URLSearchParams(body)) put(root, path.split("."), value);
  return lists(root) as QueryObject;
}

function put(root: QueryObject, path: readonly string[], value: string): void {
  let at = root;
  path.forEach((key, index) => {
    // A body may name `__proto__`; it shall be a key like any other.
    const own = Object.hasOwn(at, key) ? at[key] : undefined;
    if (index === path.length - 1) {
      define(at, key, value);
    } else if (typeof own === "object" && !Array.isArray(own)) {
      at = own;
    } else {
      const child: QueryObject = {};
      define(at, key, child);
      at = child;
    }
  });
}

function define(at: QueryObject, key: string, value: QueryValue): void {
  Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true });
}

function lists(value: QueryValue): QueryValue {
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  const members = value["member"];
  if (keys.length === 1 && typeof members === "object" && !Array.isArray(members)) {
    const numbered = Object.entries(members).sort(([a], [b]) => Number(a) - Number(b));
    return numbered.map(([, one]) => lists(one));
  }
  for (const key of keys) define(value, key, lists(value[key] as QueryValue));
  return value;
}

export function text(params: QueryObject, key: string): string | undefined {
  const value = params[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function number(params: QueryObject, key: string): number | undefined {
  const value = text(params, key);
  return value === undefined ? undefined : Number(value);
}

export function flag(params: QueryObject, key: string): boolean | undefined {
  const value = text(params, key);
  return value === undefined ? undefined : value === "true";
}

export function strings(params: QueryObject, key: string): string[] {
  const value = params[key];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

export function objects(params: QueryObject, key: string): QueryObject[] {
  const value = params[key];
  return Array.isArray(value)
    ? value.filter((one): one is QueryObject => typeof one === "object" && !Array.isArray(one))
    : [];
}

export function object(params: QueryObject, key: string): QueryObject | undefined {
  const value = params[key];
  return typeof value === "object" && !Array.isArray(value) ? value : undefined;
}
