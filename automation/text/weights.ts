/** Remedies for weights that somebody else changes. */

/** The state has them as they were, so it is read anew first. */
export const putWeightsBack = (environment: string): string =>
  `find out who changes them (CloudTrail: ModifyListener, ModifyRule), then put them back: pulumi up --refresh --stack ` +
  environment;
