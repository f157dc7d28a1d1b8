/** What is different about a member that was evacuated: when its cluster comes back, and when it never does. */
import { DriverError } from "../errors";
import { listing } from "../gates/gate-result";
import { controllerRuns } from "../observation/controller";
import type { Observation } from "../observation/observe";
import { kubectl } from "../text/kubectl";
import type { EvacuationPort } from "../ports";
import type { Session } from "./session";
import { GateFailed, Stop } from "./interruptions";
import { shell } from "../text/shell";

export const isEvacuated = (session: Session, member: string): boolean =>
  session.record.placement[member]?.evacuated !== undefined;

function portOf(session: Session): EvacuationPort {
  if (session.ports.evacuation === undefined)
    throw new DriverError("EBG-INTERNAL", "there is no evacuation port", "report it");
  return session.ports.evacuation;
}

/** What is left where a member can't be asked to go, as the end of a remedy. */
export const orEvacuate = (session: Session, member: string): string =>
  `; if it can't be brought back soon: eks-blue-green evacuate ${member} --stack ` +
  `${session.environment.environment}${session.policy.endsService ? ", then this command again" : ""}`;

/**
 * Before its bindings go: only a controller that runs lets go of them, and what it lets go of must not be somebody
 * else's by now (docs/reference/aws-behaviour.md). @throws Stop
 */
export function readyToReturn(session: Session, observation: Observation, member: string): void {
  const seen = observation.members[member];
  const goOn = `then go on with: ${session.options.commandName}`;
  if (seen?.controller != null && !controllerRuns(seen.controller))
    throw new Stop(
      "EBG-PREFLIGHT",
      `${member} answers, but its load balancer controller does not run yet (${seen.controller.message}), and ` +
        "only that removes a binding",
      `wait for it (${kubectl(seen.clusterName)} get deployments -A), ${goOn}`,
    );
  const others = Object.values(observation.members).filter((one) => one.name !== member);
  const reused = Object.entries(seen?.services ?? {}).flatMap(([key, service]) =>
    (service.recorded ?? []).filter((id) =>
      others.some(
        (one) => (one.services[key]?.endpoints ?? []).includes(id) || (one.services[key]?.recorded ?? []).includes(id),
      ),
    ),
  );
  if (reused.length > 0)
    throw new Stop(
      "EBG-GATE",
      `${member}'s controller takes ${listing(reused)} for its own, but another member has these addresses now: ` +
        "letting its bindings go would deregister them",
      `take them out of ${member}'s ConfigMaps aws-lbc-targets-* while its controller is scaled to 0, scale it ` +
        `up again, ${goOn}`,
    );
}

/** After its bindings are gone; a denial that was taken away already is no error. */
export async function liftDenial(session: Session, member: string): Promise<void> {
  const roleName = session.record.placement[member]?.evacuated?.roleName ?? null;
  if (roleName === null) return;
  const port = portOf(session);
  await session.writer.assertNotOvertaken();
  await port.allowRegistering(roleName);
  if (await port.registeringDenied(roleName))
    throw new GateFailed(
      "EBG-EVACUATE",
      `the policy that denies ${member}'s controller to register targets is still on role ${roleName}`,
      shell`aws iam delete-role-policy --role-name ${roleName} --policy-name eks-blue-green-evacuated`,
    );
  session.options.emit({
    kind: "note",
    message: `${member}'s controller may register targets again (role ${roleName})`,
  });
}

/**
 * Its API server is gone for good, as the approval of `retire` says: what it held goes with the cluster. Of one that
 * answers everything is deleted as usual.
 */
export async function forgetWhatIsUnreachable(session: Session, member: string): Promise<void> {
  const outputs = session.members[member];
  if (!isEvacuated(session, member) || outputs === undefined) return;
  try {
    await session.ports.kubernetes.ready(outputs);
    return;
  } catch (error) {
    if (!(error instanceof DriverError) || error.code !== "EBG-MEMBER-UNREACHABLE") throw error;
  }
  const count = await portOf(session).forgetKubernetesObjects(member);
  if (count > 0)
    session.options.emit({
      kind: "note",
      message:
        `${member}'s API server does not answer: ${count} Kubernetes objects were taken out of its stack's state ` +
        "(a copy of it was kept), EKS removes them with the cluster",
    });
}
