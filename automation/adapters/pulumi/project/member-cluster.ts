/** Which cluster is a stack's own, from the environment's config: whoever writes the state would choose another. */
import { clusterNameOf } from "../../../../stacks/config/target-groups";
import { clusterName } from "../../../../stacks/shared/plain-name";

type Clusters = Parameters<typeof clusterNameOf>[0]["config"]["memberClusters"];

function existing(text: string | undefined): Clusters {
  try {
    return JSON.parse(text ?? "{}") as Clusters;
  } catch {
    // Whoever reads the whole config says what is wrong with it.
    return {};
  }
}

/** null: an environment's own stack has none. */
export function clusterOfStack(
  config: Readonly<Record<string, string>>,
  environment: string,
  stack: string,
): string | null {
  if (!stack.startsWith(`${environment}-`)) return null;
  const memberClusters = existing(config["eks-blue-green:memberClusters"]);
  const name: unknown = clusterNameOf({ environment, config: { memberClusters } }, stack.slice(environment.length + 1));
  return typeof name === "string" && clusterName.test(name) ? name : null;
}
