/** What must hold between services: names, listener ports, target groups and the number of listeners. */
import { listenersPerLoadBalancer } from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import { accountsDiffer } from "../keys/service-account";
import type { ServiceConfig } from "../keys/services";
import { targetGroupsOf } from "../target-groups";
import { matchesAreApart, probesArrive } from "./application";

type Check = Rule<readonly ServiceConfig[]>;

const namesDiffer: Check = (services, place) =>
  services.forEach(({ name }, index) => {
    const first = services.findIndex((other) => other.name === name);
    if (first < index && name !== "")
      place.add(`[${index}].name`, name, `is taken by services[${first}]`, "Give every service its own name");
  });

/** With owner `stack` all services share one load balancer; an Application one tells requests of a port apart. */
const listenersDiffer: Check = (services, place) => {
  const { owner, type } = place.earlier.loadBalancer ?? {};
  if (owner === "service" || type === "application") return;
  const taken = new Map<number, number>();
  for (const [index, service] of services.entries()) {
    for (const [at, { port }] of (service.ports ?? [service]).entries()) {
      const first = taken.get(port);
      if (first === undefined) taken.set(port, index);
      else if (first !== index)
        place.add(
          `[${index}].${service.ports === undefined ? "port" : `ports[${at}].port`}`,
          port,
          `is taken by services[${first}]`,
          "Give every service its own listener port; services share one with loadBalancer.type application",
        );
    }
  }
};

/** Keys of target groups are made of the names of services and ports, and must not meet across services. */
const targetGroupsDiffer: Check = (services, place) => {
  const keys = new Map<string, string>();
  services.forEach((service, index) => {
    for (const { key } of targetGroupsOf({ services: [service] })) {
      const other = keys.get(key);
      if (other !== undefined && other !== service.name)
        place.add(
          `[${index}].name`,
          service.name,
          `makes a target group '${key}', which service '${other}' makes as well`,
          "Rename the service or the port",
        );
      keys.set(key, service.name);
    }
  });
};

const fewListeners: Check = (services, place) => {
  // Counted with the redirect, and by distinct port (application.ts).
  if (place.earlier.loadBalancer?.type === "application") return;
  const { most, source } = listenersPerLoadBalancer;
  const rule = `a load balancer has at most ${most} listeners (${source})`;
  if (place.earlier.loadBalancer?.owner === "service")
    return services.forEach(({ ports }, index) => {
      if (ports !== undefined && ports.length > most)
        place.add(`[${index}].ports`, ports.length, rule, "Split the ports over several services");
    });
  const listeners = targetGroupsOf({ services }).length;
  if (listeners > most)
    place.add(
      "",
      listeners,
      rule,
      "Split the services over several environments, or set loadBalancer.owner to service: each has a load balancer " +
        "of its own then",
    );
};

export const listenerRules: readonly Check[] = [
  accountsDiffer,
  namesDiffer,
  listenersDiffer,
  targetGroupsDiffer,
  fewListeners,
  matchesAreApart,
  probesArrive,
];
