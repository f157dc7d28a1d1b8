/** `evacuate` in a world in memory. */
import { runEvacuate } from "../../automation/commands/evacuate";
import type { EvacuationPort } from "../../automation/ports";
import { config, type World } from "./world";

/** EC2 and IAM as an evacuation sees them. */
function evacuationPort(world: World): EvacuationPort {
  const denied = new Set<string>();
  return {
    denyRegistering: async (role) => {
      denied.add(role);
      return "denied";
    },
    registeringDenied: async (role) => denied.has(role),
    allowRegistering: async (role) => void denied.delete(role),
    ownersOf: async (targets) =>
      Object.fromEntries(
        targets.map((id) => [id, { clusters: [`dev-${world.targets.get(id)?.member ?? "nobody"}`], via: "eni-1" }]),
      ),
    forgetKubernetesObjects: async () => 0,
    leftBehind: async () => [],
  };
}

export async function evacuate(world: World, member: string, values: Readonly<Record<string, string>> = {}) {
  const never = new AbortController().signal;
  // Its controller is stopped: nothing registers them again.
  for (const id of world.pods(member)) world.taken.add(id);
  return await runEvacuate(
    { ...world.ports(), evacuation: evacuationPort(world) },
    {
      ...config,
      "eks-blue-green:members": JSON.stringify(world.members),
      "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }),
      ...values,
    },
    {
      environment: "dev",
      member,
      controllerIsStopped: true,
      why: null,
      emit: (event) => world.events.push(event),
      stop: never,
      cancel: never,
      approveRetire: async () => true,
      commandName: `eks-blue-green evacuate ${member} --stack dev`,
      probes: true,
    },
  );
}
