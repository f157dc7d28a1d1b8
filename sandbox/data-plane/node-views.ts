/**
 * What each node of a load balancer goes by. The API shows a change at once; a node follows after a lag of its own, and
 * meanwhile two nodes route by different weights. Pure: the clock and the random numbers come in.
 */
import type { DataPlaneAction, DataPlaneRouting } from "../contract";
import { type Random, shuffled } from "./random";

/** A load balancer has nodes in each of its zones. */
export const NODES = 3;

interface Change {
  /** Date.now() from which on the node goes by it. */
  readonly at: number;
  readonly routing: DataPlaneRouting;
}

export function groupsOf(action: DataPlaneAction): readonly string[] {
  return action.type === "forward" ? action.targetGroups.map(({ arn }) => arn) : [];
}

export class NodeViews {
  private readonly nodes: Change[][];
  private newest: string;

  /** Of a new listener: there is nothing that a node could still go by. */
  constructor(
    first: DataPlaneRouting,
    private readonly random: Random,
  ) {
    this.nodes = Array.from({ length: NODES }, () => [{ at: 0, routing: first }]);
    this.newest = JSON.stringify(first);
  }

  /**
   * Each node follows in its own third of `longestMs`: the slowest always takes long enough to be seen, as the quickest
   * is always seen to be ahead. Changes keep their order at each node.
   */
  change(routing: DataPlaneRouting, now: number, longestMs: number): void {
    const text = JSON.stringify(routing);
    if (text === this.newest) return;
    this.newest = text;
    const parts = shuffled([...this.nodes.keys()], this.random);
    this.nodes.forEach((queue, node) => {
      const lag = (((parts[node] ?? 0) + 1 - this.random()) / NODES) * longestMs;
      queue.push({ at: Math.max(now + lag, queue.at(-1)?.at ?? 0), routing });
    });
  }

  see(node: number, now: number): DataPlaneRouting {
    const queue = this.nodes[node % NODES] as Change[];
    while (queue.length > 1 && (queue[1] as Change).at <= now) queue.shift();
    return (queue[0] as Change).routing;
  }

  /** Target groups that some node still forwards to, or will. */
  groups(now: number): ReadonlySet<string> {
    const found = new Set<string>();
    for (const node of this.nodes.keys()) {
      this.see(node, now);
      for (const { routing } of this.nodes[node] as Change[])
        for (const action of [routing.action, ...routing.rules.map((rule) => rule.action)])
          for (const arn of groupsOf(action)) found.add(arn);
    }
    return found;
  }
}
