/** Whether a stack has changes that no move would make; a chart that can't be fetched hides those of its release alone. */
import { DriverError } from "../errors";
import type { Finding } from "../finding";
import { changesOf, describeOperation } from "../policy/move-policy";
import type { PlannedOperation, Ports, StackRef } from "../ports";
import { stackName } from "../text/stack-name";

/** How the official kubernetes provider ends what it says of a chart that it could not load. */
const chartNotLoaded = /check the chart name and repository configuration/;

interface Look {
  readonly operations: readonly PlannedOperation[];
  /** Why a chart could not be loaded; null: all was looked at. */
  readonly missing: string | null;
}

/** A repository that is silent instead of refusing ends the preview by its deadline. */
async function look(ports: Ports, stack: StackRef): Promise<Look> {
  try {
    return { ...(await ports.pulumi.preview(stack, null)), missing: null };
  } catch (error) {
    const mayBeChart =
      stack.kind === "member" &&
      error instanceof DriverError &&
      (error.code === "EBG-DEADLINE" || chartNotLoaded.test(error.message));
    if (!mayBeChart) throw error;
    const without = await ports.pulumi.preview(stack, null, undefined, "releases");
    const said = error.message.split("\n").find((line) => chartNotLoaded.test(line)) ?? error.message;
    return { ...without, missing: said.trim().slice(0, 400) };
  }
}

const changesFinding = (name: string, operations: readonly PlannedOperation[]): Finding[] => {
  const changes = changesOf(operations);
  if (changes.length === 0) return [];
  return [
    {
      code: "EBG-PENDING-CHANGES",
      severity: "required",
      message: `stack ${name} has changes that belong to no move: ${changes.map(describeOperation).join("; ")}`,
      remedy: `deploy them first: pulumi up --stack ${name}`,
    },
  ];
};

/** Nothing that moves traffic needs a chart; the controller of a new member does. */
const chartFinding = (name: string, why: string, makesMember: boolean): Finding => ({
  code: "EBG-PREFLIGHT",
  severity: makesMember ? "required" : "recommended",
  message:
    `the chart of ${name}'s controller can't be loaded (${why}); ` +
    (makesMember
      ? "the member that is to be made needs it"
      : "whether the controller has changes to deploy is not known, and the moves leave it as it is"),
  remedy: makesMember
    ? "run the same command again when the chart repository answers, or name another with controller.repository or " +
      "controller.chart; admit, drain and scale need no chart"
    : "none for these moves; eks-blue-green up needs the chart",
});

/**
 * Changes of a plain update that belong to no move. `makesMember`: what is asked for installs a controller, and can't
 * go on without its chart.
 */
export async function pendingChanges(
  ports: Ports,
  environment: string,
  stack: StackRef,
  makesMember = false,
): Promise<Finding[]> {
  const name = stackName(environment, stack);
  try {
    const { operations, missing } = await look(ports, stack);
    return [
      ...changesFinding(name, operations),
      ...(missing === null ? [] : [chartFinding(name, missing, makesMember)]),
    ];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return [
      {
        code: error.code === "EBG-UPDATE-FAILED" ? "EBG-PREFLIGHT" : error.code,
        severity: "required",
        message: `stack ${name} can't be previewed: ${error.message}`,
        remedy: error.remedy,
      },
    ];
  }
}
