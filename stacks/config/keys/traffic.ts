/** `traffic`: how the load balancer divides it between the members. */
import { oneOf } from "../declare/form";
import { leftOut } from "../declare/key";

/**
 * `shared`: the targets of all members are in one group, so a member's share of the traffic is its share of the targets
 * · `weighted`: each member has a group of its own, and weights say how much it gets.
 */
export type TrafficMode = "shared" | "weighted";

/** Absent in configs that are older than the key. */
export const traffic = leftOut(oneOf<TrafficMode>("shared", "weighted"), "`shared`", {
  readBy: ["environment", "members", "driver"],
  doc:
    "How traffic is divided between members. `shared`: all members' targets are in one target group, and a member's " +
    "share is that of its targets. `weighted`: each member has target groups of its own, and an upgrade moves traffic " +
    "in steps of percent. See [shift traffic in steps](../how-to/shift-traffic-in-steps.md).",
  change: { kind: "partly", note: "no: the target groups differ" },
});
