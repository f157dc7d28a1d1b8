/** The request with which the driver asks a service through the load balancer, and whom a listener gives it to. Pure. */
import type { MatchConfig, ServiceConfig } from "./types";

export interface ProbeRequest {
  readonly path: string;
  /** Besides those of every request; `host` when it is not the load balancer's own name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Something that the pattern fits. */
const exampleOf = (pattern: string): string => pattern.replace(/\*/g, "").replace(/\?/g, "x");
const hostOf = (pattern: string): string => pattern.replace(/\*/g, "probe").replace(/\?/g, "x");

/** As ELBv2 compares: `*` stands for any characters, `?` for one. */
const fitsPattern = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
    "s",
  ).test(text);

/** `/` is what a config has that says nothing; where the service's rule lets it not in, one that it lets in. */
function pathOf(match: MatchConfig | undefined, probePath: string): string {
  const [first] = match?.paths ?? [];
  if (first === undefined || probePath !== "/" || match?.paths?.some((pattern) => fitsPattern(pattern, "/")) === true)
    return probePath;
  const example = exampleOf(first);
  return example.startsWith("/") ? example : `/${example}`;
}

export function probeRequestOf({ match, probePath }: Pick<ServiceConfig, "match" | "probePath">): ProbeRequest {
  const [host] = match?.hosts ?? [];
  const headers = (match?.headers ?? []).map(({ name, values }) => [name.toLowerCase(), exampleOf(values[0] ?? "")]);
  return {
    path: pathOf(match, probePath),
    headers: { ...Object.fromEntries(headers), ...(host === undefined ? {} : { host: hostOf(host) }) },
  };
}

/** Whether a rule takes a GET request of the driver. */
export function fits(match: MatchConfig, { path, headers }: ProbeRequest): boolean {
  // What AWS calls a load balancer, where the request names no host.
  const host = headers["host"] ?? "lb-1.us-east-1.elb.amazonaws.com";
  const any = (patterns: readonly string[] | undefined, text: string): boolean =>
    patterns === undefined || patterns.some((pattern) => fitsPattern(pattern, text));
  const lower = (patterns: readonly string[] | undefined) => patterns?.map((pattern) => pattern.toLowerCase());
  return (
    any(lower(match.hosts), host.toLowerCase()) &&
    any(match.paths, path.split("?")[0] ?? "") &&
    any(match.methods, "GET") &&
    (match.headers ?? []).every(({ name, values }) => any(values, headers[name.toLowerCase()] ?? ""))
  );
}

type Routed = Pick<ServiceConfig, "name" | "match">;

/** Who gets it of services that share a listener; null: nobody, and it is answered 404. */
export function receiverOf(services: readonly Routed[], request: ProbeRequest): string | null {
  const rules = services.filter(({ match }) => match !== undefined && fits(match, request));
  const first = rules.sort((a, b) => (a.match?.priority ?? 0) - (b.match?.priority ?? 0))[0];
  return (first ?? services.find(({ match }) => match === undefined))?.name ?? null;
}
