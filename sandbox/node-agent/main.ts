/**
 * The node agent's process: forked by the daemon, one per cluster, spoken to over IPC (NodeAgentStart, ToNodeAgent,
 * FromNodeAgent).
 * When the daemon goes, everything here ends at once.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { FromNodeAgent, ToNodeAgent } from "../contract";
import { dial, Fabric } from "../fabric/dial";
import { comeFirst } from "../processes/priority";
import { NodeAgent } from "./agent";

comeFirst();
let agent: NodeAgent | null = null;
const fabric = new Fabric();

function send(message: FromNodeAgent): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function connected(address: string, port: number): Promise<Socket> {
  const socket = dial(fabric, address, port);
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function fail(error: unknown): void {
  send({ type: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

async function setNodes(to: NodeAgent, { nodes, id, removal }: Extract<ToNodeAgent, { type: "nodes" }>): Promise<void> {
  const blocked = await to.setNodes(nodes, removal);
  send(blocked.length === 0 ? { type: "nodes-ready", id } : { type: "nodes-blocked", id, blocked });
}

async function handle(message: ToNodeAgent): Promise<void> {
  if (message.type === "start") {
    if (agent) return;
    agent = new NodeAgent(message, {
      send,
      dial: connected,
      open: (address, port) => dial(fabric, address, port, { allowHalfOpen: true }),
      fabric: (change) => fabric.apply(change),
    });
    await agent.run();
    return send({ type: "ready" });
  }
  if (!agent) throw new Error(`"${message.type}" came before "start"`);
  switch (message.type) {
    case "nodes":
      return await setNodes(agent, message);
    case "crash-pod":
      return agent.crashPod(message.namespace, message.pod);
    case "controller":
      return agent.controller(message.action);
    case "node":
      return message.action === "down" ? await agent.nodeDown(message.node) : await agent.nodeUp(message.node);
    case "pod-faults":
      return agent.podFaults.set(message.rules);
    case "crash-pods":
      return send({ type: "crashed", id: message.id, pods: agent.crashPods(message.service, message.count) });
    default:
      return message satisfies never;
  }
}

function end(code: number): void {
  agent?.close();
  process.exit(code);
}

process.on("message", (message: ToNodeAgent) => void handle(message).catch(fail));
process.on("disconnect", () => end(0));
process.on("SIGTERM", () => end(0));
// The terminal's Ctrl-C reaches the whole process group; the daemon decides what ends.
process.on("SIGINT", () => undefined);
process.on("unhandledRejection", fail);
