/** The default: an upgrade of the user's own program, from one minor to the next. */
import { ControlClient } from "../../../../sandbox/client/control-client";
import { FaultSchedule } from "../fault-schedule";
import { DriverError } from "../../../errors";
import { inspectProject } from "../project-copy";
import type { Ending, Scenario } from "../scenario";
import type { RehearsalStage } from "../stage";
import { versionsOf } from "./versions";
import { counted } from "../../../text/sentences";

async function faultLines(control: ControlClient, schedule: FaultSchedule): Promise<readonly string[]> {
  const missed = await schedule.end();
  return [
    ...(await control.faults(true)).map((one) => `fault   ${one.text}: ${counted(one.hits, "hit")}`),
    ...missed.map((text) => `fault   ${text}: its moment never came`),
  ];
}

async function perform(stage: RehearsalStage, from: string, to: string, hooks: readonly string[]): Promise<Ending> {
  const { environment, faults = [] } = stage.options;
  stage.project.setVersion(from);
  await stage.step(`deploy ${environment} at ${from}`, () => stage.mustDrive(["up"]));
  await stage.beginLoad();
  stage.project.setVersion(to);
  const control = new ControlClient(stage.info);
  const schedule = new FaultSchedule(faults, control, stage.tell);
  await schedule.begin();
  let message = "the upgrade did not finish";
  const code = await stage.step(
    `upgrade ${environment} ${from} → ${to}`,
    () =>
      stage.drive(["upgrade", "--approve-retire"], (event) => {
        schedule.onEvent(event);
        if (event.kind === "rollout-finished") message = `${event.outcome}, ${event.message}`;
      }),
    (exit) => (exit === 0 ? "" : `exit code ${exit}`),
  );
  await stage.endLoad();
  if (hooks.length > 0) stage.notes.push(`hooks   not run in a rehearsal: ${hooks.join(", ")}`);
  if (faults.length > 0) stage.notes.push(...(await faultLines(control, schedule)));
  return { driverExitCode: code, message };
}

export const upgrade: Scenario = {
  name: "upgrade",
  summary: "your own program: provision the new member, move traffic, retire the old one",
  plan: (options) => {
    const project = inspectProject(options.projectDirectory, options.environment);
    if (project.externalServices.length > 0)
      throw new DriverError(
        "EBG-CONFIG",
        `somebody else deploys the workloads of ${project.externalServices.join(", ")} (workload: external), and a ` +
          "rehearsal has nobody who does",
        "rehearse --scenario gitops has a controller that deploys a folder of manifests; or take your config into " +
          "`eks-blue-green sandbox up` and deploy the workloads there yourself",
      );
    const { from, to } = versionsOf(project, options);
    return {
      title: `${options.environment} ${from} → ${to} (${project.strategy})`,
      project,
      perform: (stage) => perform(stage, from, to, project.hooks),
    };
  },
};
