/** How a hold is said: what was rolled back, and what lifts it. */
import type { Hold } from "../../stacks/record";
import { typed } from "./command-line";

/** `1.35`, or `1.35 with cluster.nodes.instanceTypes ["m7i.large"]`. */
export const heldWhat = ({ version, settings }: Pick<Hold, "version" | "settings">): string =>
  settings === undefined ? version : `${version} with ${settings}`;

export const heldRemedy = (environment: string, hold: Pick<Hold, "version" | "settings">): string =>
  (hold.settings === undefined
    ? `to stay, set eks-blue-green:kubernetesVersion back in Pulumi.${environment}.yaml; to try ${hold.version} again`
    : `to stay, set that back in Pulumi.${environment}.yaml and deploy it (${typed(environment, "up")}); to try it again`) +
  ` once its cause is mended: ${typed(environment, "upgrade --retry-version")}`;
