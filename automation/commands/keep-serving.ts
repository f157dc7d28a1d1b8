/** What `up` looks at before it updates members in traffic whose workloads come from files. */
import { isFromFiles } from "../../stacks/config/target-groups";
import type { EnvironmentConfig } from "../../stacks/config";
import { DriverError } from "../errors";
import { describeAway, wouldBeAway } from "../policy/serving-files";
import type { Ports } from "../ports";
import { typed } from "../text/command-line";
import { stackName } from "../text/stack-name";
import type { UpRun } from "./update-stack";

/**
 * Those of them that were made and whose workloads are not all of this package's own making, which rolls pods batch by
 * batch. One that has yet to be made, or is half made, has nobody to keep.
 */
export async function withFiles(
  ports: Ports,
  members: readonly string[],
  { services }: Pick<EnvironmentConfig, "services">,
): Promise<string[]> {
  if (!services.some(isFromFiles)) return [];
  const known = await Promise.all(
    members.map(async (name) => {
      const { outputs } = await ports.pulumi.readMember(name);
      return outputs === null ? [] : [name];
    }),
  );
  return known.flat();
}

/** Why a member that could not be planned is left as it is. */
const notPlanned = (name: string, { code, message, remedy }: DriverError): DriverError =>
  new DriverError(
    code,
    `${name} is in traffic and was not updated, because its update could not be planned, and nobody knows what it would ` +
      `take away: ${message}`,
    remedy,
  );

/**
 * No member was updated yet. Each of them is planned, because only the engine knows what can't be changed in place.
 * Answers those that can't be planned, which are not to be updated, and hold nobody else up.
 * @throws EBG-PLAN-REFUSED naming every object that would be away, EBG-STOPPED
 */
export async function refuseToTakePodsAway(
  ports: Ports,
  run: UpRun,
  members: readonly string[],
): Promise<ReadonlyMap<string, DriverError>> {
  const refused: { readonly member: string; readonly text: string }[] = [];
  const unplanned = new Map<string, DriverError>();
  for (const member of members) {
    if (run.stop.aborted)
      throw new DriverError("EBG-STOPPED", "stopped before any member was updated", typed(run.environment, "up"));
    const stack = { kind: "member", member } as const;
    const name = stackName(run.environment, stack);
    run.emit({ kind: "note", message: `planning the update of ${name}, which is in traffic` });
    try {
      await ports.pulumi.settle(stack);
      const { operations } = await ports.pulumi.preview(stack, null, run.cancel);
      const away = wouldBeAway(operations);
      if (away.length > 0) refused.push({ member, text: `${name}: ${describeAway(away)}` });
    } catch (error) {
      if (!(error instanceof DriverError) || error.code === "EBG-STOPPED") throw error;
      unplanned.set(member, notPlanned(name, error));
    }
  }
  if (refused.length === 0) return unplanned;
  throw new DriverError(
    "EBG-PLAN-REFUSED",
    "these objects of a member in traffic can't be changed in place, and would be deleted before they are made again, or " +
      "behind that (one that has another apiVersion, or is in another service's files, is written first and deleted then): " +
      `${refused.map(({ text }) => text).join("; ")}; no member was updated`,
    "take the change back, or give the object another name, so that the new one runs before the old one goes; or take " +
      `the member out of traffic first: ${typed(run.environment, `drain ${refused[0]?.member ?? "MEMBER"}`)}`,
  );
}
