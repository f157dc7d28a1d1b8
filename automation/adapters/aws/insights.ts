/** What EKS has found that may keep a cluster from its next version. */
import { type EKSClient, ListInsightsCommand } from "@aws-sdk/client-eks";
import type { UpgradeInsights } from "../../ports/readings";
import { isDenied, type Call } from "./call";

/** Those that are not passed, of one version. */
export async function readInsights(
  eks: EKSClient,
  call: Call,
  clusterName: string,
  version: string,
): Promise<UpgradeInsights> {
  const found: Exclude<UpgradeInsights, "denied">[number][] = [];
  try {
    for (let nextToken: string | undefined, first = true; first || nextToken !== undefined; first = false) {
      const page = await call("eks:ListInsights", (options) =>
        eks.send(
          new ListInsightsCommand({
            clusterName,
            filter: {
              categories: ["UPGRADE_READINESS"],
              kubernetesVersions: [version],
              statuses: ["ERROR", "WARNING"],
            },
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
          options,
        ),
      );
      found.push(
        ...(page.insights ?? []).map(({ name, insightStatus }) => ({
          name: name ?? "",
          status: insightStatus?.status ?? "UNKNOWN",
          reason: insightStatus?.reason ?? "",
        })),
      );
      nextToken = page.nextToken ?? undefined;
    }
    return found;
  } catch (error) {
    if (isDenied(error)) return "denied";
    throw error;
  }
}
