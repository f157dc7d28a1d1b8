/** What `up` has to do with workloads that somebody else deploys: it neither makes them nor waits for them. */
import { isBound, isServing } from "../../stacks/record";
import { isExternal, targetGroupsOf } from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import type { Family } from "../environment/state";
import type { Ports } from "../ports";
import { listing } from "../gates/gate-result";
import { typed } from "../text/command-line";

/**
 * A service that is new in the config is bound at once on members that serve: where its Service, or its namespace, is
 * not there, their update would end half-way. @throws EBG-PREFLIGHT before any member is updated
 */
export async function theirsAreThere(ports: Ports, { environment, record, members }: Family): Promise<void> {
  const external = environment.config.services.filter(isExternal);
  if (external.length === 0) return;
  const missing = await Promise.all(
    Object.entries(members).flatMap(([name, member]) =>
      !isBound(record.placement[name]) || record.placement[name]?.evacuated !== undefined
        ? []
        : targetGroupsOf({ services: external })
            .filter(({ key }) => (member.services[key]?.binding ?? null) === null)
            .map(async ({ namespace, kubernetesService }) => {
              const found = await ports.kubernetes
                .externalWorkload(member, { namespace, service: kubernetesService, ready: [] })
                .catch((error: unknown) => {
                  // A member that can't be asked is told of by its update.
                  if (error instanceof DriverError) return null;
                  throw error;
                });
              return found === null || found.service !== null
                ? []
                : [`Service ${namespace}/${kubernetesService} is not on ${name}, which serves`];
            }),
    ),
  );
  const all = [...new Set(missing.flat())];
  if (all.length === 0) return;
  throw new DriverError(
    "EBG-PREFLIGHT",
    `${listing(all)}: it would be bound to a workload that is not there`,
    `deploy it there (Git, Helm), then: ${typed(environment.environment, "up")}`,
  );
}

/** Where nobody serves because a workload of somebody else's was not there yet; null: somebody does, or need not wait. */
export function whoWaits({ environment, record }: Pick<Family, "environment" | "record">): string | null {
  const names = Object.keys(record.placement);
  const standby = names.filter((name) => record.placement[name]?.role === "standby");
  const first = standby[0];
  if (first === undefined || names.some((name) => isServing(record.placement[name]))) return null;
  if (!environment.config.services.some(isExternal)) return null;
  return (
    `${listing(standby)}: deployed, and out of traffic until the external workloads are there; deploy them, then: ` +
    typed(environment.environment, `admit ${first}`)
  );
}
