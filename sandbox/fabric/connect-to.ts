/** The table of load balancers for clients outside: `HOST:PORT:ADDR:PORT` lines, as curl's --connect-to takes them. */
import { SandboxError } from "../shared/errors";
import { isLoopback } from "./dial";

export interface ConnectToEntry {
  readonly host: string;
  readonly port: number;
  /** In 127.0.0.0/8. */
  readonly address: string;
  readonly addressPort: number;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Empty lines are skipped. Throws SBX-FABRIC for a line that is malformed or leads off this machine. */
export function parseConnectTo(text: string): ConnectToEntry[] {
  const entries: ConnectToEntry[] = [];
  for (const line of text.split("\n").map((l) => l.trim())) {
    if (line === "") continue;
    const [host = "", port, address = "", addressPort, ...rest] = line.split(":");
    const entry = { host, port: Number(port), address, addressPort: Number(addressPort) };
    if (host === "" || rest.length > 0 || !isPort(entry.port) || !isPort(entry.addressPort) || !isLoopback(address)) {
      throw new SandboxError(
        "SBX-FABRIC",
        `not a connect-to line for this machine: ${line}`,
        "Lines are HOST:PORT:ADDR:PORT with ADDR in 127.0.0.0/8; the sandbox writes the file, don't edit it.",
      );
    }
    entries.push(entry);
  }
  return entries;
}

export function formatConnectTo(entries: readonly ConnectToEntry[]): string {
  return entries.map((e) => `${e.host}:${e.port}:${e.address}:${e.addressPort}\n`).join("");
}
