/** An ALB's connections to one target: kept for later requests, and opened through the fabric alone. */
import http from "node:http";
import type { Socket } from "node:net";
import tls from "node:tls";
import { dial, type Fabric } from "../../fabric/dial";
import type { Target } from "../targets";

const agents = new WeakMap<Target, http.Agent>();

/** Throws SBX-FABRIC where nothing is at the address. */
export function connectTo(fabric: Fabric, target: Target, protocol: string): Socket {
  const socket = dial(fabric, target.target.address, target.target.port, { allowHalfOpen: true });
  // Elastic Load Balancing checks no certificate of a target.
  return protocol === "HTTPS" ? tls.connect({ socket, rejectUnauthorized: false }) : socket;
}

/** `idleMs`: how long a connection may wait for its next request. */
export function agentOf(fabric: Fabric, target: Target, protocol: string, idleMs: number): http.Agent {
  const known = agents.get(target);
  if (known) return known;
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1024, timeout: idleMs });
  Object.assign(agent, { createConnection: () => connectTo(fabric, target, protocol) });
  agents.set(target, agent);
  target.closeIdle = () => {
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  };
  return agent;
}
