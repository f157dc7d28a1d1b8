/** Which rule of an ALB's listener takes a request. Pure. */
import { BlockList, isIPv4 } from "node:net";
import type { DataPlaneAction, DataPlaneCondition, DataPlaneRouting } from "../../contract";

/** What the conditions look at. */
export interface RequestFacts {
  readonly method: string;
  /** Without the port. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly sourceAddress: string;
}

const compiled = new Map<string, RegExp>();

/** Each request asks for the same few. */
function expression(source: string, flags: string): RegExp {
  const key = `${flags}/${source}`;
  const known = compiled.get(key) ?? new RegExp(source, flags);
  compiled.set(key, known);
  return known;
}

/** `*`: any characters, also none; `?`: exactly one. */
function pattern(text: string, ignoreCase: boolean): RegExp {
  const source = text
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return expression(`^${source}$`, ignoreCase ? "is" : "s");
}

function fits(
  { values, regexValues }: { readonly values: readonly string[]; readonly regexValues: readonly string[] },
  text: string,
  ignoreCase: boolean,
): boolean {
  return (
    values.some((value) => pattern(value, ignoreCase).test(text)) ||
    regexValues.some((value) => expression(value, ignoreCase ? "i" : "").test(text))
  );
}

function isFrom(cidrs: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", bits] = cidr.split("/");
    if (isIPv4(network)) list.addSubnet(network, Number(bits ?? 32), "ipv4");
  }
  return isIPv4(address) && list.check(address, "ipv4");
}

export function holds(condition: DataPlaneCondition, request: RequestFacts): boolean {
  switch (condition.field) {
    case "host-header":
      return fits(condition, request.host, true);
    case "path-pattern":
      return fits(condition, request.path, false);
    case "http-request-method":
      return condition.values.includes(request.method);
    case "source-ip":
      return isFrom(condition.values, request.sourceAddress);
    case "http-header": {
      const value = request.headers[condition.name.toLowerCase()];
      return value !== undefined && [value].flat().some((one) => fits(condition, one, true));
    }
    case "query-string": {
      const pairs = [...new URLSearchParams(request.query)];
      return condition.pairs.some(({ key, value }) =>
        pairs.some(([k, v]) => (key === null || pattern(key, true).test(k)) && pattern(value, true).test(v)),
      );
    }
    default:
      return condition satisfies never;
  }
}

export function actionFor(routing: DataPlaneRouting, request: RequestFacts): DataPlaneAction {
  const rule = routing.rules.find(({ conditions }) => conditions.every((condition) => holds(condition, request)));
  return (rule ?? routing).action;
}

export function redirectLocation(
  action: Extract<DataPlaneAction, { readonly type: "redirect" }>,
  request: RequestFacts,
  listener: { readonly protocol: string; readonly port: number },
): string {
  const parts: Readonly<Record<string, string>> = {
    "#{protocol}": listener.protocol.toLowerCase(),
    "#{host}": request.host,
    "#{port}": String(listener.port),
    "#{path}": request.path.slice(1),
    "#{query}": request.query,
  };
  const filled = (text: string): string => text.replace(/#\{\w+\}/g, (name) => parts[name] ?? name);
  const query = filled(action.query);
  return (
    `${filled(action.protocol).toLowerCase()}://${filled(action.host)}:${filled(action.port)}${filled(action.path)}` +
    (query === "" ? "" : `?${query}`)
  );
}
