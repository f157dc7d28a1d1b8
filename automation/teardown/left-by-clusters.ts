/** What destroyed clusters leave behind: things in the network that keep it from being deleted, and logs. */
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";
import type { Leftover, TeardownPort } from "../ports";
import { shell } from "../text/shell";

type Port = Pick<TeardownPort, "inTheWay">;
interface Run {
  readonly emit: EventSink;
  readonly commandName: string;
}

/** A look that fails is told, and keeps nobody from the destroy, nor from the destroy's own error. */
async function lookInTheWay(port: Port, run: Run, clusterNames: readonly string[]): Promise<readonly Leftover[]> {
  try {
    return await port.inTheWay(clusterNames);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    run.emit({
      kind: "note",
      message: `what ${listing(clusterNames)} left in the network was not looked for: ${error.message}`,
    });
    return [];
  }
}

async function nameInTheWay(port: Port, run: Run, clusterNames: readonly string[]): Promise<readonly Leftover[]> {
  const found = await lookInTheWay(port, run, clusterNames);
  for (const { what, id, command } of found)
    run.emit({
      kind: "finding",
      code: "EBG-TEARDOWN",
      severity: "recommended",
      message: `${what} ${id} of a destroyed cluster is still there; the network that it is in can't go before it`,
      remedy: command,
    });
  return found;
}

/**
 * Named before the destroy, which waits long for a network that is in use and says only that it is; and again when it
 * failed. @throws what `destroy` throws, with what is in the way
 */
export async function namingWhatIsInTheWay(
  port: Port,
  run: Run,
  clusterNames: readonly string[],
  destroy: () => Promise<void>,
): Promise<void> {
  await nameInTheWay(port, run, clusterNames);
  try {
    await destroy();
  } catch (error) {
    if (!(error instanceof DriverError) || error.code !== "EBG-UPDATE-FAILED") throw error;
    const found = await nameInTheWay(port, run, clusterNames);
    if (found.length === 0) throw error;
    throw new DriverError(
      error.code,
      `${error.message}\nin its way: ${found.map(({ what, id }) => `${what} ${id}`).join(", ")}`,
      [...found.map(({ command }) => command), `then go on with: ${run.commandName}`].join("\n"),
      error,
    );
  }
}

/** EKS makes a group for a cluster's logs, and keeps it: they may be needed when the cluster is gone. */
export const logGroups = (logTypes: readonly string[], clusterNames: readonly string[]): Finding[] =>
  logTypes.length === 0
    ? []
    : clusterNames.map((name) => ({
        code: "EBG-TEARDOWN",
        severity: "recommended",
        message: `the logs of ${name}'s control plane stay in CloudWatch, as long as their group /aws/eks/${name}/cluster says`,
        remedy: `when nobody needs them: ${shell`aws logs delete-log-group --log-group-name ${`/aws/eks/${name}/cluster`}`}`,
      }));
