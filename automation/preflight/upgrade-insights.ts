/** What EKS knows before an upgrade in place: a member is drained first, so that it is told before that. */
import type { MemberOutputs } from "../../stacks/contract";
import type { Step } from "../../stacks/record";
import type { Finding } from "../finding";
import type { Ports } from "../ports";
import { shell } from "../text/shell";
import { unlessDisturbed } from "./unless-disturbed";

/**
 * Advice: EKS takes a day to see what was repaired, counts what was used a month ago, and enforces none of it
 * (docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html, 2026-11-30).
 */
export async function insightFindings(
  { aws }: Pick<Ports, "aws">,
  members: Readonly<Record<string, MemberOutputs>>,
  steps: readonly Step[],
): Promise<Finding[]> {
  const wanted = new Map<string, { readonly clusterName: string; readonly version: string }>();
  for (const step of steps) {
    if (step.type !== "move" || step.kind !== "upgrade") continue;
    const outputs = members[step.member];
    if (outputs === undefined || step.to.version === null) continue;
    // The next minor: of those behind it EKS knows nothing yet.
    if (!wanted.has(step.member))
      wanted.set(step.member, { clusterName: outputs.clusterName, version: step.to.version });
  }
  const found = await Promise.all(
    [...wanted.values()].map(({ clusterName, version }) =>
      unlessDisturbed(`what EKS found that may keep ${clusterName} from ${version}`, () =>
        insightsOf(aws, clusterName, version),
      ),
    ),
  );
  return found.flat();
}

async function insightsOf(aws: Ports["aws"], clusterName: string, version: string): Promise<Finding[]> {
  const insights = await aws.upgradeInsights(clusterName, version);
  if (insights === "denied")
    return [
      {
        code: "EBG-AWS",
        severity: "recommended",
        message: `what EKS found that may keep ${clusterName} from ${version} can't be read`,
        remedy: "permit eks:ListInsights (docs/reference/permissions.md)",
      },
    ];
  return insights.map(({ name, status, reason }) => ({
    code: "EBG-PREFLIGHT",
    severity: "recommended",
    message: `EKS says of ${clusterName} and ${version}: ${status}, ${name}${reason === "" ? "" : ` (${reason})`}`,
    remedy:
      shell`repair it, then: aws eks start-insights-refresh --cluster-name ${clusterName}; details: ` +
      shell`aws eks list-insights --cluster-name ${clusterName}`,
  }));
}
