/** How a wanted config differs from the deployed one. */
import { type Difference, differences } from "./declare/compare";
import { awsKeys, regionKeys } from "./keys/aws-provider";
import { ownKeys } from "./keys/environment";
import type { EnvironmentConfig } from "./types";

export { fixedProblems, type Difference } from "./declare/compare";

type Values = Readonly<Record<string, unknown>>;

export function configDifferences(deployed: EnvironmentConfig, wanted: EnvironmentConfig): Difference[] {
  const at = { path: "aws:", named: "aws:", readBy: [], change: { kind: "up" } } as const;
  return [
    ...differences(regionKeys, deployed as unknown as Values, wanted as unknown as Values, at),
    ...differences(awsKeys, (deployed.aws ?? {}) as Values, (wanted.aws ?? {}) as Values, at),
    ...differences(ownKeys, deployed as unknown as Values, wanted as unknown as Values),
  ];
}
