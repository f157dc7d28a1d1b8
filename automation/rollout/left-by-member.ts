/** What a member's cluster made by itself and leaves behind when its stack is destroyed. */
import { DriverError } from "../errors";
import { listing } from "../gates/gate-result";
import type { Session } from "./session";

/**
 * Named, not removed: it is no resource of the stack, and nobody else deletes it. A network can't go before what is in
 * it. A look that fails is told and keeps nobody: the member is destroyed.
 */
export async function nameWhatIsLeft(session: Session, member: string, clusterName: string): Promise<void> {
  const { ports, environment, options } = session;
  // A cluster that was there before stays, with all that it has.
  if (ports.evacuation === undefined || environment.config.memberClusters?.[member]?.existing != null) return;
  try {
    const left = await ports.evacuation.leftBehind(clusterName);
    if (left.length === 0) return;
    options.emit({
      kind: "finding",
      code: "EBG-EVACUATE",
      severity: "recommended",
      message:
        `${clusterName} is destroyed, but EC2 still has of it: ` +
        listing(
          left.map(({ what, id }) => `${what} ${id}`),
          10,
        ),
      remedy: `look at them and delete what nobody needs, nobody else will:\n${left.map(({ command }) => command).join("\n")}`,
    });
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    options.emit({
      kind: "note",
      message: `what ${clusterName} left behind in EC2 was not looked for: ${error.message}`,
    });
  }
}
