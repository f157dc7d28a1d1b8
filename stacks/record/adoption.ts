/**
 * A load balancer that changes its owner: from a Service of the primary to the environment's stack. What the record
 * keeps while it is
 * under way (written ahead of every step, with all that the way back needs), and what it keeps for good. Plain values
 * only.
 */

import type { AdoptedLoadBalancer } from "../../components/internal/adopted-load-balancer-shape";
import type { Signature } from "./types";

/** In this order, forward. docs/reference/controller-behaviour.md says what other orders do. */
export const adoptionSteps = [
  "release",
  "settle",
  "restart",
  "untag",
  "unlabel",
  "import-environment",
  "import-primary",
  "annotations",
] as const;
/**
 * In this order, back; possible until the primary's stack has taken its bindings over. `forget`: the stacks let go of
 * what they imported, in their states alone.
 */
export const undoSteps = ["forget", "relabel", "retag", "restart-again", "unrelease"] as const;

/** Steps of a hand-over, and those that take it back, in their order. */
export type AdoptionStep = (typeof adoptionSteps)[number] | (typeof undoSteps)[number];

/** What the way back needs; taken before the first step. */
export interface BeforeAdoption {
  /** `bindings` included. */
  readonly loadBalancer: AdoptedLoadBalancer;
  /** The primary's Service, which stays: its bindings refer to it. */
  readonly namespace: string;
  readonly name: string;
  /** Labels by which the controller knows its bindings, by binding. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly serviceType: string;
  readonly loadBalancerClass: string | null;
  /** `loadBalancerSourceRanges` and `allocateLoadBalancerNodePorts`, which no other type of Service may have. */
  readonly sourceRanges?: readonly string[];
  readonly allocateNodePorts?: boolean | null;
  /** Those of the load balancer (`service.beta.kubernetes.io/…`). */
  readonly annotations: Readonly<Record<string, string>>;
  /** The controller's tags by ARN (or security group id). */
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Registered targets by target group key: none of them may leave. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

/** A load balancer that is being handed over to the stack, as the record has it. */
export interface Adoption extends Signature {
  /** Name of the environment's service whose load balancer it is. */
  readonly service: string;
  readonly member: string;
  readonly step: AdoptionStep;
  readonly direction: "forward" | "back";
  /** Why it turned back; null while it goes forward. */
  readonly reason: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly before: BeforeAdoption;
}

/**
 * Whether the primary's bindings of the service are there already and are imported. To the very end: an update that
 * failed may have
 * recorded its outputs, but not the bindings; those that the state has are not imported again.
 */
export function takesBindingsOver(adoption: Adoption | null | undefined, service: string): boolean {
  return adoption != null && adoption.service === service;
}

/** Whether the primary still keeps the Service's load-balancer annotations: they are the last to go. */
export function keepsAnnotations(adoption: Adoption | null | undefined, service: string): boolean {
  return adoption != null && adoption.service === service && adoption.step !== "annotations";
}
