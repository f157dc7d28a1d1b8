/** What a stopping pod must outlive, by the type of the load balancer that sends to it. Pure. */
import { defaultLagSeconds, propagationLagSeconds } from "./aws-limits";

export type LoadBalancerType = keyof typeof propagationLagSeconds;

/** What a preStop or a hold must last, where nothing says otherwise, and the least that either type takes. */
export { defaultLagSeconds };
export const leastLagSeconds = Math.min(...Object.values(propagationLagSeconds).map(({ usual }) => usual));

/** For tables of settings: the least of each type. */
export const leastLagWords =
  `${propagationLagSeconds.network.usual}, or ${propagationLagSeconds.application.usual} behind an Application Load ` +
  "Balancer";
export const lagSources = `${propagationLagSeconds.network.source}; Application: ${propagationLagSeconds.application.source}`;

export interface Lag {
  /** Least seconds of a preStop or a hold. */
  readonly usual: number;
  /** What is advised. */
  readonly longest: number;
  readonly source: string;
  /** The reason, as a clause: who sends what to a deregistered pod for how long. */
  readonly why: string;
}

const senders: Readonly<Record<LoadBalancerType, string>> = {
  network: "a Network Load Balancer goes on sending new connections to a deregistered pod",
  application: "an Application Load Balancer goes on sending new requests to a deregistered pod",
};

/** Absent: a Network Load Balancer, as in the config. */
export function lagOf(type: LoadBalancerType = "network"): Lag {
  const { usual, longest, source } = propagationLagSeconds[type];
  return { usual, longest, source, why: `${senders[type]} for ${usual} to ${longest} s` };
}
