import assert from "node:assert/strict";
import type { EKSClient } from "@aws-sdk/client-eks";
import { callAws } from "../../../automation/adapters/aws/call";
import { readInsights } from "../../../automation/adapters/aws/insights";
import { insightFindings } from "../../../automation/preflight/upgrade-insights";
import type { UpgradeInsights } from "../../../automation/ports/readings";
import type { MemberOutputs } from "../../../stacks/contract";
import type { Step } from "../../../stacks/record";
import { World } from "../world";

const place = { role: "standby", version: "1.34", workload: "running" } as const;
const move = (kind: "upgrade" | "drain", member: string, version: string): Step => ({
  type: "move",
  kind,
  member,
  from: place,
  to: { ...place, version },
});
const members = {
  blue: { clusterName: "dev-blue" } as MemberOutputs,
  green: { clusterName: "dev-green" } as MemberOutputs,
};
const steps = [move("drain", "blue", "1.34"), move("upgrade", "blue", "1.35"), move("upgrade", "blue", "1.36")];

async function found(answer: UpgradeInsights): Promise<{ asked: string[]; told: string[] }> {
  const asked: string[] = [];
  const upgradeInsights = async (cluster: string, version: string): Promise<UpgradeInsights> => {
    asked.push(`${cluster} ${version}`);
    return answer;
  };
  const findings = await insightFindings({ aws: { upgradeInsights } as never }, members, steps);
  return { asked, told: findings.map(({ severity, message }) => `${severity}: ${message}`) };
}

describe("what EKS found before an upgrade in place", () => {
  it("is asked of the clusters that are upgraded, for the next version", async () => {
    assert.deepEqual(await found([]), { asked: ["dev-blue 1.35"], told: [] });
  });

  it("is told before anybody is drained, and keeps nobody: EKS takes a day to see a repair", async () => {
    const deprecated = { name: "Deprecated APIs removed in Kubernetes v1.35", status: "ERROR", reason: "in use" };
    assert.deepEqual((await found([deprecated])).told, [
      "recommended: EKS says of dev-blue and 1.35: ERROR, Deprecated APIs removed in Kubernetes v1.35 (in use)",
    ]);
    const world = new World("cycle");
    world.insights = [deprecated];
    assert.equal((await world.upgrade()).outcome, "done");
    const order = world.events.flatMap((event) =>
      event.kind === "finding" ? ["finding"] : event.kind === "step-started" ? ["step"] : [],
    );
    assert.deepEqual(order.slice(0, 3), ["finding", "finding", "step"]);
  });

  it("is nobody's secret: who may not ask is told which permission it takes", async () => {
    assert.match((await found("denied")).told[0] ?? "", /^recommended: what EKS found .* can't be read/);
    const refusing = { send: () => Promise.reject(Object.assign(new Error("no"), { name: "AccessDeniedException" })) };
    assert.equal(await readInsights(refusing as unknown as EKSClient, callAws, "dev-blue", "1.35"), "denied");
  });

  it("comes in pages", async () => {
    const pages = [
      { insights: [{ name: "a", insightStatus: { status: "ERROR", reason: "r" } }], nextToken: "more" },
      { insights: [{ name: "b", insightStatus: { status: "WARNING" } }] },
    ];
    const inputs: { nextToken?: string; filter?: { kubernetesVersions?: string[] } }[] = [];
    const eks = {
      send: async ({ input }: { input: object }) => {
        inputs.push(input);
        return pages[inputs.length - 1];
      },
    };
    assert.deepEqual(await readInsights(eks as unknown as EKSClient, callAws, "dev-blue", "1.35"), [
      { name: "a", status: "ERROR", reason: "r" },
      { name: "b", status: "WARNING", reason: "" },
    ]);
    assert.deepEqual(
      inputs.map(({ nextToken }) => nextToken),
      [undefined, "more"],
    );
    assert.deepEqual(inputs[1]?.filter?.kubernetesVersions, ["1.35"]);
  });
});
