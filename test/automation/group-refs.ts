/** Target groups as an observation has them, for tests that make observations by hand. */
import { groupsOf, type GroupRefs, type TrafficMode } from "../../stacks/config/group-refs";
import type { ServiceConfig } from "../../stacks/config";

function refs(names: readonly string[], members: readonly string[], traffic: TrafficMode): GroupRefs {
  const services = names.map((name) => ({ name, namespace: "web", port: 80, targetPort: 8080 }) as ServiceConfig);
  return Object.fromEntries(groupsOf({ services }, members, traffic).map((ref) => [ref.key, ref]));
}

/** One group for each service, with the targets of all members. */
export const sharedGroups = (...services: string[]): GroupRefs => refs(services, [], "shared");

/** A group for each service and member. */
export const ownGroups = (services: readonly string[], members: readonly string[]): GroupRefs =>
  refs(services, members, "weighted");
