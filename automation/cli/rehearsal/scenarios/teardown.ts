/**
 * The seeds' clean-up, in order: two members serve, the clients stop before the last drain, everything goes, nothing is
 * left.
 */
import type { DriverEvent } from "../../../events";
import { inspectProject } from "../project-copy";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import type { RehearsalStage, Seen } from "../stage";
import { versionsOf } from "./versions";

/** Tells when the last drain of a rollout begins, and when it acts. */
class LastDrain {
  private index = -1;
  actsAt: number | null = null;

  constructor(private readonly begins: () => void) {}

  onEvent(event: DriverEvent): void {
    if (event.kind === "rollout-started")
      this.index = event.steps.findLastIndex((step) => step.type === "move" && step.kind === "drain");
    if (event.kind === "step-started" && event.index === this.index) this.begins();
    if (event.kind === "phase-started" && event.index === this.index && event.phase === "act")
      this.actsAt = Date.parse(event.at);
  }
}

export const thingsOfAws: readonly { readonly what: string; readonly args: readonly string[] }[] = [
  { what: "clusters", args: ["eks", "list-clusters", "--query", "clusters"] },
  { what: "load balancers", args: ["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn"] },
  { what: "target groups", args: ["elbv2", "describe-target-groups", "--query", "TargetGroups[].TargetGroupArn"] },
  {
    what: "VPCs",
    args: ["ec2", "describe-vpcs", "--filters", "Name=is-default,Values=false", "--query", "Vpcs[].VpcId"],
  },
  {
    what: "security groups",
    args: ["ec2", "describe-security-groups", "--query", "SecurityGroups[?GroupName!='default'].GroupId"],
  },
  {
    what: "roles",
    args: ["iam", "list-roles", "--query", "Roles[?!starts_with(Path, '/aws-service-role/')].RoleName"],
  },
];

/** Looked for with the AWS CLI, apart from what the driver says. */
async function nothingLeft(stage: RehearsalStage): Promise<Seen> {
  const left: string[] = [];
  for (const { what, args } of thingsOfAws) {
    const found = await stage.json<readonly string[]>("aws", [...args, "--output", "json"]);
    if (found.length > 0) left.push(`${what}: ${found.join(", ")}`);
  }
  return {
    holds: left.length === 0,
    seen: left.length === 0 ? `no ${thingsOfAws.map(({ what }) => what).join(", ")}` : left.join("; "),
  };
}

async function stateIsEmpty(stage: RehearsalStage): Promise<Seen> {
  const stacks = await stage.json<readonly { readonly name: string; readonly resourceCount?: number }[]>("pulumi", [
    "stack",
    "ls",
    "--json",
  ]);
  const full = stacks.filter(({ resourceCount }) => (resourceCount ?? 0) > 0);
  return {
    holds: full.length === 0,
    seen:
      full.length === 0
        ? `${stacks.length} stacks without resources`
        : full.map(({ name, resourceCount }) => `${name} has ${resourceCount}`).join(", "),
  };
}

async function perform(stage: RehearsalStage, version: string, second: string): Promise<Ending> {
  const { environment } = stage.project;
  stage.project.setVersion(version);
  await stage.step(`deploy ${environment} at ${version}`, () => stage.mustDrive(["up"]));
  await stage.beginLoad();
  await stage.step(`admit ${second}`, () => stage.mustDrive(["admit", second]));
  let ended: Promise<number> = Promise.resolve(Number.POSITIVE_INFINITY);
  const last = new LastDrain(() => void (ended = stage.endLoad().then(() => Date.now())));
  const code = await stage.step(
    "teardown",
    () => stage.drive(["teardown", "--yes-delete", environment], (event) => last.onEvent(event)),
    (exit) => (exit === 0 ? "" : `exit code ${exit}`),
  );
  const endedAt = await ended;
  await stage.claim(
    "",
    "the clients had stopped before the last drain acted",
    () =>
      Promise.resolve({
        holds: last.actsAt !== null && endedAt <= last.actsAt,
        seen: last.actsAt === null ? "no drain was seen" : `${((last.actsAt - endedAt) / 1000).toFixed(1)} s before`,
      }),
    0,
  );
  await stage.claim("clean-up", "nothing is left in AWS", () => nothingLeft(stage), 10);
  await stage.claim("clean-up", "nothing is left in the stacks", () => stateIsEmpty(stage), 10);
  return { driverExitCode: code, message: code === 0 ? "done, nothing is left" : "the teardown did not finish" };
}

export const teardown: Scenario = {
  name: "teardown",
  summary: "your own program with two active members: drained, destroyed in order, and nothing is left",
  plan: (options): Act => {
    refuseOptions("teardown", { "--from": options.from, "--fault": options.faults });
    const project = inspectProject(options.projectDirectory, options.environment);
    const { to } = versionsOf(project, options);
    const second = project.members[1] ?? "";
    return { title: `teardown of ${options.environment}`, project, perform: (stage) => perform(stage, to, second) };
  },
};
