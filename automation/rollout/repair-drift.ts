/**
 * While a gate waits: controllers whose targets were taken away are made to look again. Safe to repeat: without its
 * checkpoint a controller only compares.
 */
import { DriverError } from "../errors";
import { decideRepairs, driftOf, driftSeconds } from "../observation/target-drift";
import { listing } from "../gates/gate-result";
import type { Observation } from "../observation/observe";
import type { Session } from "./session";

/** In traffic or on their way in; never one on its way out, by whatever command. */
function bound(session: Session): string[] {
  const { intent, evacuation, placement } = session.record;
  const leaving = intent?.move.kind === "drain" ? intent.move.member : null;
  const coming = intent?.move.kind === "admit" ? [intent.move.member] : [];
  return [...session.active(), ...coming].filter(
    (name) => name !== leaving && name !== evacuation?.member && placement[name]?.evacuated === undefined,
  );
}

export async function repairDrift(session: Session, observation: Observation): Promise<void> {
  const { clock, kubernetes } = session.ports;
  // Kubernetes' own part of it is not scaled.
  const rules = {
    graceMs: Math.max(clock.scaled(driftSeconds.grace), 1500),
    againMs: Math.max(clock.scaled(driftSeconds.again), 1500),
  };
  const decided = decideRepairs(driftOf(observation, bound(session)), session.memory.drift, observation.at, rules);
  session.memory.drift = decided.memory;
  for (const { member, service, bindings, targets, unlisted } of decided.repairs) {
    const outputs = session.members[member];
    if (outputs === undefined) continue;
    const taken =
      targets.length > 0
        ? [
            `${targets.length} targets of ${member} were taken out of '${service}' behind its controller's back ` +
              `(${listing(targets)})`,
          ]
        : [];
    const lacking =
      unlisted.length > 0
        ? [
            `${unlisted.length} ready endpoints of '${service}' are not in the list of ${member}'s controller ` +
              `(${listing(unlisted)})`,
          ]
        : [];
    const what = [...taken, ...lacking].join("; ");
    for (const { namespace, name } of bindings) {
      try {
        await kubernetes.resetCheckpoint(outputs, namespace, name);
        session.options.emit({
          kind: "note",
          message:
            `${what}: made its controller look again (checkpoint of TargetGroupBinding ${namespace}/${name} ` +
            "removed)",
        });
      } catch (error) {
        if (!(error instanceof DriverError)) throw error;
        session.options.emit({
          kind: "note",
          message: `${what}; its controller can't be made to look again now: ${error.message.split("\n")[0] ?? error.code}`,
        });
      }
    }
  }
}
