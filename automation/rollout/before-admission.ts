/** The wait for what the user's own program marks, before a member is let in. */
import type { MemberMove } from "../../stacks/record";
import { decideAwaited } from "../gates/before-admission";
import { kubectl } from "../text/kubectl";
import type { Session } from "./session";
import { waitToLetIn } from "./wait-to-let-in";

/** Resolves when it is there and well. On the way back traffic waits for nothing of it. @throws Stop */
export async function waitForAwaited(session: Session, index: number, move: MemberMove): Promise<void> {
  const { policy, waits, options, members } = session;
  const { kind, member } = move;
  const outputs = members[member];
  if (kind !== "admit" || policy.externalWorkloads === "nothing") return;
  if (outputs === undefined || (outputs.extension?.beforeAdmission ?? []).length === 0) return;
  const rules = { member, toleratedMs: waits.tolerance.toleratedMs };
  await waitToLetIn(
    session,
    index,
    move,
    {
      name: `what your program wants before admission is ready on ${member}`,
      decide: (seen, memory) => decideAwaited(seen, rules, memory),
    },
    () =>
      `look at it (${kubectl(outputs.clusterName)} get events -A), repair it where it comes from, and let the driver ` +
      `read it (docs/reference/permissions.md); then go on with: ${options.commandName}`,
  );
}
