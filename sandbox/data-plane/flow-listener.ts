/** A Network Load Balancer's listener: whole connections go to targets. */
import net from "node:net";
import { scaledMs } from "../shared/clock";
import type { DataPlaneListener } from "../contract";
import { dial } from "../fabric/dial";
import { Flow } from "../fabric/flow";
import { countsOf, type ListenerCounts, type Service, type Surroundings } from "./listener";
import { NodeViews, NODES } from "./node-views";
import { flowHash, pickGroup } from "./routing";
import type { Target } from "./targets";

/** How long a client waits for a target that security groups cut off. */
const CONNECT_SECONDS = 10;

export class FlowListener implements Service {
  readonly server = net.createServer({ allowHalfOpen: true, noDelay: true });
  readonly ready = Promise.resolve();
  readonly views: NodeViews;
  readonly counts: ListenerCounts = { open: 0, accepted: 0, refused: 0 };
  /** Beside the targets' own sets: a flow outlives its target group. */
  private readonly flows = new Set<Flow>();

  constructor(
    private spec: DataPlaneListener,
    private readonly around: Surroundings,
  ) {
    this.views = new NodeViews(spec.routing, around.random);
    this.server.on("connection", (socket) => this.accept(socket));
  }

  update(spec: DataPlaneListener): void {
    this.spec = spec;
  }

  cutIdle(now: number): void {
    const since = now - scaledMs(this.spec.idleTimeoutSeconds, this.around.timeScale);
    for (const flow of [...this.flows]) if (flow.lastActive <= since) flow.cut();
  }

  close(): void {
    this.server.close();
  }

  destroy(): void {
    for (const flow of [...this.flows]) flow.cut();
  }

  private choose(client: net.Socket): Target | null {
    const address = client.remoteAddress ?? "";
    const hash = flowHash(address, client.remotePort ?? 0);
    // The node is where the client's name resolution led it.
    const { action } = this.views.see(Math.floor(this.around.random() * NODES), Date.now());
    if (action.type !== "forward") return null;
    const part = action.sticky === null ? this.around.random() : flowHash(address, 0) / 0x1_0000_0000;
    const arn = pickGroup(action.targetGroups, part);
    return arn === null ? null : this.around.groups.byHash(arn, hash);
  }

  private accept(client: net.Socket): void {
    const { losses, fabric } = this.around;
    const target = this.choose(client);
    if (target === null) {
      this.counts.refused++;
      losses.add("no target", this.spec, null);
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const { address, port, reachable } = target.target;
    const counts = countsOf(this.around, target.target);
    this.counts.accepted++;
    counts.accepted++;
    if (!reachable) {
      losses.add("cut off by security groups", this.spec, target);
      return this.leaveHanging(client, () => counts.failed++);
    }
    let upstream: net.Socket;
    try {
      upstream = dial(fabric, address, port, { allowHalfOpen: true });
    } catch {
      counts.failed++;
      losses.add("nothing at the address", this.spec, target);
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.join(client, upstream, target);
  }

  private join(client: net.Socket, upstream: net.Socket, target: Target): void {
    const counts = countsOf(this.around, target.target);
    this.counts.open++;
    counts.open++;
    const flow = new Flow(client, upstream, (ended, { connected, brokenByTarget }) => {
      this.flows.delete(ended);
      target.flows.delete(ended);
      this.counts.open--;
      counts.open--;
      if (!connected) counts.failed++;
      else if (brokenByTarget) counts.reset++;
      if (brokenByTarget)
        this.around.losses.add(connected ? "reset by the target" : "refused by the target", this.spec, target);
    });
    this.flows.add(flow);
    target.flows.add(flow);
  }

  private leaveHanging(client: net.Socket, failed: () => void): void {
    failed();
    client.on("error", () => undefined);
    const timer = setTimeout(() => client.resetAndDestroy(), scaledMs(CONNECT_SECONDS, this.around.timeScale));
    client.once("close", () => clearTimeout(timer));
    client.once("end", () => client.destroy());
    client.resume();
  }
}
