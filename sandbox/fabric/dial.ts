/**
 * The way from the VPC's addresses to loopback sockets. The only place of the sandbox that connects to a pod or a load
 * balancer.
 */
import net from "node:net";
import type { FabricEntry, FabricMessage } from "../contract";
import { SandboxError } from "../shared/errors";

/** A dotted IPv4 address in 127.0.0.0/8. Names are never loopback: a resolver decides what they mean. */
export function isLoopback(host: string): boolean {
  return net.isIPv4(host) && host.startsWith("127.");
}

/** Which loopback socket stands for which address and port of the VPC. */
export class Fabric {
  private readonly table = new Map<string, FabricEntry>();

  apply(message: FabricMessage): void {
    if (message.type === "fabric-set") this.set(message.entry);
    else this.delete(message.address, message.port);
  }

  set(entry: FabricEntry): void {
    this.table.set(`${entry.address}:${entry.port}`, entry);
  }

  delete(address: string, port: number): void {
    this.table.delete(`${address}:${port}`);
  }

  resolve(address: string, port: number): FabricEntry | undefined {
    return this.table.get(`${address}:${port}`);
  }

  entries(): FabricEntry[] {
    return [...this.table.values()];
  }
}

export interface DialOptions {
  /** Source address, in 127.0.0.0/8; default: the system's choice. */
  readonly localAddress?: string;
  /** See node's net.Socket; default false. */
  readonly allowHalfOpen?: boolean;
}

function refusal(message: string): SandboxError {
  return new SandboxError(
    "SBX-FABRIC",
    message,
    "Only addresses that a pod or load balancer of this sandbox has announced can be dialled, and only on 127.0.0.0/8.",
  );
}

/**
 * Connects to what stands for `address:port`. Throws SBX-FABRIC, before any socket is made, for an address not in the
 * fabric or an entry that leads off this machine.
 */
export function dial(fabric: Fabric, address: string, port: number, options: DialOptions = {}): net.Socket {
  const entry = fabric.resolve(address, port);
  if (entry === undefined) throw refusal(`${address}:${port} is not in the fabric`);
  if (!isLoopback(entry.host))
    throw refusal(`${address}:${port} would lead to ${entry.host}, which is not in 127.0.0.0/8`);
  if (!Number.isInteger(entry.hostPort) || entry.hostPort < 1 || entry.hostPort > 65_535)
    throw refusal(`${address}:${port} would lead to port ${entry.hostPort}`);
  if (options.localAddress !== undefined && !isLoopback(options.localAddress))
    throw refusal(`the source address ${options.localAddress} is not in 127.0.0.0/8`);
  return net.connect({
    host: entry.host,
    port: entry.hostPort,
    noDelay: true,
    localAddress: options.localAddress,
    allowHalfOpen: options.allowHalfOpen ?? false,
  });
}
