/** Where traffic can go, asked of AWS and the clusters; never of the driver. */
import assert from "node:assert/strict";
import type { LoadSummary } from "../../sandbox/contract";
import type { Stage } from "./stage";

interface TargetHealth {
  readonly TargetHealthDescriptions: readonly {
    readonly Target: { readonly Id: string; readonly Port: number };
    readonly TargetHealth: { readonly State: string };
  }[];
}
interface Slices {
  readonly items: readonly {
    readonly endpoints: readonly { readonly addresses: readonly string[] }[] | null;
    readonly ports: readonly { readonly port: number }[];
  }[];
}

const groupArn = (stage: Stage): string =>
  stage.json<{ TargetGroups: { TargetGroupArn: string }[] }>("aws", [
    "elbv2",
    "describe-target-groups",
    "--output",
    "json",
  ]).TargetGroups[0]?.TargetGroupArn ?? "";

/** Targets of the first target group that are not on their way out. */
export function registeredTargets(stage: Stage): string[] {
  const { TargetHealthDescriptions: all } = stage.json<TargetHealth>("aws", [
    "elbv2",
    "describe-target-health",
    "--target-group-arn",
    groupArn(stage),
    "--output",
    "json",
  ]);
  return all
    .filter((one) => one.TargetHealth.State !== "draining")
    .map((one) => `${one.Target.Id}:${one.Target.Port}`)
    .sort();
}

/** Endpoints of the namespace `web`, ready or not. */
export function endpointsOf(stage: Stage, member: string): string[] {
  const { items } = stage.json<Slices>("kubectl", [
    "--context",
    `dev-${member}`,
    "-n",
    "web",
    "get",
    "endpointslices",
    "-o",
    "json",
  ]);
  return items
    .flatMap((slice) => (slice.endpoints ?? []).map((one) => `${one.addresses[0]}:${slice.ports[0]?.port}`))
    .sort();
}

/** Policies that keep an evacuated member's controller from registering. */
export function denialsOf(stage: Stage, member: string): string[] {
  const { roleName } = stage.json<{ controller: { roleName: string } }>("pulumi", [
    "stack",
    "output",
    "--json",
    "-s",
    `dev-${member}`,
  ]).controller;
  return stage
    .json<{ PolicyNames: string[] }>("aws", ["iam", "list-role-policies", "--role-name", roleName, "--output", "json"])
    .PolicyNames.filter((name) => name === "eks-blue-green-evacuated");
}

/** A load that means something, of which not one request failed and no idle connection was reset. */
export function assertNobodyNoticed(summary: LoadSummary): void {
  assertMeansSomething(summary);
  assert.deepEqual([summary.failed, summary.idleResets], [0, 0], JSON.stringify(summary.firstFailures, null, 1));
}

/** The clients got their share of the machine, and asked often enough. */
export function assertMeansSomething(summary: LoadSummary): void {
  assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
  assert.ok(summary.sent > 1000);
}

/**
 * A request in every 1.2 s of AWS's time: enough where losing one is not what the test is about. A client costs a sixth
 * of a core for each 100 a second, and the pods and the data plane as much again.
 */
export const lightLoad = 50;

/** Does the work under load, then judges what the clients saw. By default nobody may have noticed. */
export async function underLoad<T>(
  stage: Stage,
  work: () => Promise<T>,
  judge: (summary: LoadSummary) => void = assertNobodyNoticed,
  requestsPerSecond?: number,
): Promise<T> {
  const load = await stage.load(requestsPerSecond);
  let summary: LoadSummary;
  let result: T;
  try {
    result = await work();
  } finally {
    summary = await load.stop();
    console.log(
      `      ${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ` +
        `${summary.idleResets} idle resets`,
    );
  }
  judge(summary);
  return result;
}
