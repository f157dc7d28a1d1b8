/** Loopback ports for processes that can't be given "any free one". */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { SandboxError } from "../shared/errors";

/**
 * Just below the range from which the kernel takes the source ports of outgoing connections. A port inside that range
 * could be
 * taken by a load client's connection while an API server is stopped, and the server could then not come back at its
 * address.
 */
function range(): { first: number; last: number } {
  try {
    const low = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
    if (low > 12_000) return { first: low - 10_000, last: low - 1 };
  } catch {
    // no such file outside Linux
  }
  return { first: 21_000, last: 31_000 };
}

const taken = new Set<number>();

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A port of 127.0.0.1 that nobody listens on, never given twice by this process. Others may still take it: callers try
 * again with another.
 */
export async function freePort(): Promise<number> {
  const { first, last } = range();
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = first + Math.floor(Math.random() * (last - first + 1));
    if (taken.has(port)) continue;
    taken.add(port);
    if (await canListen(port)) return port;
  }
  throw new SandboxError(
    "SBX-NO-PORT",
    `found no free port of 127.0.0.1 between ${first} and ${last}`,
    "End what listens there (`ss -ltn`), for example an older sandbox.",
  );
}

export function releasePort(port: number): void {
  taken.delete(port);
}
