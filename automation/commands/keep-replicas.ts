/**
 * An autoscaler that is given the pods of a member in traffic. The next update leaves their number out, and with
 * server-side apply a number that nobody else has written falls to one. Pure.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs } from "../../stacks/contract";
import { isManaged } from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import type { Observation } from "../observation/observe";
import { kubectl, shellQuote } from "../text/kubectl";
import { typed } from "../text/command-line";

interface Lost {
  readonly member: string;
  readonly text: string;
  readonly command: string;
}

function lostReplicas(
  observation: Observation,
  serving: readonly string[],
  { services }: Pick<EnvironmentConfig, "services">,
): Lost[] {
  const scaled = services.filter((service) => service.autoscaled === true && isManaged(service));
  return serving.flatMap((member) => {
    const seen = observation.members[member];
    return scaled.flatMap(({ name, namespace }): Lost[] => {
      const [deployment] = Object.entries(seen?.services ?? {}).flatMap(([key, one]) =>
        observation.groupOf[key]?.service === name && one.deployment !== null ? [one.deployment] : [],
      );
      // Whoever else has written it last keeps it.
      if (
        seen === undefined ||
        deployment === undefined ||
        deployment.wanted < 2 ||
        !/^pulumi/.test(deployment.replicasBy?.manager ?? "")
      )
        return [];
      return [
        {
          member,
          text: `${name} on ${member} would fall from ${deployment.wanted} pods to 1`,
          command:
            `${kubectl(seen.clusterName, namespace)} scale deployment ${shellQuote(name)} ` +
            `--replicas=${deployment.wanted + 1}`,
        },
      ];
    });
  });
}

/** @throws EBG-PREFLIGHT naming each, before a member is updated */
export function refuseToLoseReplicas(
  observation: Observation,
  serving: readonly string[],
  { environment, config }: Pick<EnvironmentOutputs, "environment" | "config">,
): void {
  const lost = lostReplicas(observation, serving, config);
  if (lost.length === 0) return;
  throw new DriverError(
    "EBG-PREFLIGHT",
    `services[].autoscaled leaves the number of pods to an autoscaler, and none has written one yet: ` +
      `${lost.map(({ text }) => text).join("; ")}; no member was updated`,
    `make the autoscaler, and scale by hand once, so that the number is no more this package's: ` +
      `${lost.map(({ command }) => command).join("; ")}; then: ${typed(environment, "up")}`,
  );
}
