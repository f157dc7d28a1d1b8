/** The data-plane probe: plain requests to the load balancer, each on a connection of its own. */
import { readFileSync } from "node:fs";
import type { ProbeResult } from "../../ports";
import { get, type Destination, type Limits } from "./get";

/** Of one request. A body is read no further than this, for a name (`sample`); its rest says nothing. */
export const answerLimits: Limits = { milliseconds: 5000, bytes: 64 * 1024 };

/** curl's `--connect-to` lines, `HOST:PORT:ADDR:PORT`; an empty part means any or the same. */
export function parseConnectTo(text: string): readonly (readonly [string, string, string, string])[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*([^:#\s]*):(\d*):(\[[^\]]*\]|[^:\s]*):(\d*)\s*$/.exec(line);
    return match === null
      ? []
      : [[match[1] ?? "", match[2] ?? "", (match[3] ?? "").replace(/^\[|\]$/g, ""), match[4] ?? ""] as const];
  });
}

/** Where a request to this host and port really goes. Names in .localhost never leave the machine (RFC 6761). */
export function destinationOf(host: string, port: number, connectTo: ReturnType<typeof parseConnectTo>): Destination {
  const rule = connectTo.find(
    ([ruleHost, rulePort]) =>
      (ruleHost === "" || ruleHost.toLowerCase() === host.toLowerCase()) &&
      (rulePort === "" || Number(rulePort) === port),
  );
  const target =
    rule === undefined
      ? { host, port }
      : { host: rule[2] === "" ? host : rule[2], port: rule[3] === "" ? port : Number(rule[3]) };
  return /(^|\.)localhost\.?$/i.test(target.host) ? { ...target, host: "127.0.0.1" } : target;
}

/** Read each time: a sandbox rewrites it when a listener comes or goes. */
export function connectToRules(): ReturnType<typeof parseConnectTo> {
  const file = process.env["EKS_BLUE_GREEN_CONNECT_TO"];
  if (file === undefined || file === "") return [];
  try {
    return parseConnectTo(readFileSync(file, "utf8"));
  } catch {
    return [];
  }
}

/** Where requests to this address go. */
export const destinationOfUrl = (url: URL): Destination =>
  destinationOf(url.hostname, Number(url.port || (url.protocol === "https:" ? 443 : 80)), connectToRules());

async function once(
  url: URL,
  destination: Destination,
  headers: Readonly<Record<string, string>>,
  statuses: Set<number>,
): Promise<string | null> {
  try {
    const { status } = await get(url, destination, answerLimits, headers);
    statuses.add(status);
    return status >= 500 ? `GET ${url.pathname} answered status ${status}` : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `count` requests, side by side. Statuses from 500 on, errors, resets and silence are failures. */
export async function probe(
  url: string,
  count: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<ProbeResult> {
  const parsed = new URL(url);
  const destination = destinationOfUrl(parsed);
  const statuses = new Set<number>();
  const results = await Promise.all(Array.from({ length: count }, () => once(parsed, destination, headers, statuses)));
  const failures = results.filter((result) => result !== null);
  return {
    sent: count,
    failed: failures.length,
    firstFailure: failures[0] ?? null,
    statuses: [...statuses].sort((a, b) => a - b),
  };
}
