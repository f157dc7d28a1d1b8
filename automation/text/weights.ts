/** Remedies for weights that somebody else changes. */
import { typed } from "./command-line";

const whoChangesThem = "find out who changes them (CloudTrail: ModifyListener, ModifyRule)";

/** The state has them as they were, so it is read anew first. */
export const putWeightsBack = (environment: string): string =>
  `${whoChangesThem}, then put them back: pulumi up --refresh --stack ${environment}`;

/**
 * Of weights that keep requests from members without a healthy target: those of the record would give them back.
 * `others`: whether somebody else serves well, so that they can be drained.
 */
export const keepFromDead = (environment: string, dead: readonly string[], others: boolean): string =>
  others
    ? `${whoChangesThem}; leave them as they are, and take out who is dead: ` +
      dead.map((name) => typed(environment, `drain ${name}`)).join("; ")
    : `${whoChangesThem}; put them back only when ${dead.join(", ")} can serve: ${typed(environment, "verify")}`;
