/** What must hold between services that share the listeners of an Application Load Balancer. */
import { applicationQuotas } from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import type { OwnKeys } from "../keys/environment";
import type { ServiceConfig } from "../keys/services";
import { listenersOf, trafficOf, typeOf } from "../listeners";
import { probeRequestOf, receiverOf } from "../probe-requests";
import { portsOf, targetGroupsOf } from "../target-groups";

type OfServices = Rule<readonly ServiceConfig[]>;

/** Services that share a port, by port: their positions, in the config's order. */
function sharing(services: readonly ServiceConfig[]): Map<number, number[]> {
  const byPort = new Map<number, number[]>();
  services.forEach((service, index) => {
    for (const { port } of portsOf(service)) byPort.set(port, [...(byPort.get(port) ?? []), index]);
  });
  return byPort;
}

/** Each port has at most one service that gets what no other gets, and its rules have an order. */
export const matchesAreApart: OfServices = (services, place) => {
  if (place.earlier.loadBalancer?.type !== "application") {
    services.forEach(({ match }, index) => {
      if (match !== undefined)
        place.add(
          `[${index}].match`,
          match.priority,
          "needs loadBalancer.type application: a Network Load Balancer does not look into requests",
          "Remove it, and give the service a listener port of its own",
        );
    });
    return;
  }
  for (const [port, indexes] of sharing(services)) {
    const [first, ...others] = indexes.filter((index) => services[index]?.match === undefined);
    for (const index of others)
      place.add(
        `[${index}].match`,
        null,
        `is required: services[${first}] has port ${port} without match as well, and one alone can get what no other gets`,
        "Say which requests are this service's, like match: { priority: 100, hosts: [shop.example.com] }",
      );
    const priorities = new Map<number, number>();
    for (const index of indexes) {
      const priority = services[index]?.match?.priority;
      if (priority === undefined) continue;
      const taken = priorities.get(priority);
      if (taken === undefined) priorities.set(priority, index);
      else
        place.add(
          `[${index}].match.priority`,
          priority,
          `is taken by services[${taken}] on port ${port}`,
          "Give every rule of a port its own priority, with room between them",
        );
    }
  }
};

/** Nothing is proved by the answer of another service, or of the load balancer itself. */
export const probesArrive: OfServices = (services, place) => {
  if (place.earlier.loadBalancer?.type !== "application") return;
  const onPort = (port: number) => services.filter((other) => portsOf(other).some((own) => own.port === port));
  services.forEach((service, index) => {
    const request = probeRequestOf(service);
    for (const { port } of portsOf(service)) {
      // Of several without a rule each would be the one that gets the rest: that is refused already.
      const others = onPort(port).filter((other) => other.match !== undefined || other.name === service.name);
      const receiver = receiverOf(service.match === undefined ? others : onPort(port), request);
      if (receiver === service.name) continue;
      place.add(
        `[${index}].probePath`,
        request.path,
        `does not lead to the service: the driver's GET request on port ${port} would be answered by ` +
          (receiver === null ? "the load balancer itself" : `'${receiver}'`),
        "Choose a path that its match lets in and no rule before it takes; match.methods must have GET",
      );
    }
  });
};

type OfAll = Rule<OwnKeys>;

const httpsPortsServe: OfAll = (config, place) => {
  const https = config.loadBalancer?.https;
  if (https === undefined || typeOf(config) !== "application") return;
  const ports = targetGroupsOf(config).map(({ port }) => port);
  const named = ports.length === 0 ? "none" : [...new Set(ports)].join(", ");
  https.ports.forEach((port, index) => {
    if (!ports.includes(port))
      place.add(
        `loadBalancer.https.ports[${index}]`,
        port,
        `is no service's listener port (they are ${named})`,
        "Name ports of services, or give a service this port",
      );
  });
  if (https.redirectFrom !== undefined && ports.includes(https.redirectFrom))
    place.add(
      "loadBalancer.https.redirectFrom",
      https.redirectFrom,
      "is a service's listener port: nothing would reach that service",
      "Choose a port that no service has",
    );
};

/** Counted before anything is made: an update would stop in the middle. */
const quotas: OfAll = (config, place) => {
  if (typeOf(config) !== "application") return;
  const { rules, targetGroups, listeners, source } = applicationQuotas;
  const remedy = "Split the services over several environments";
  const refuse = (what: string, count: number, most: number): void =>
    place.add("services", count, `make ${count} ${what}, and a load balancer has at most ${most} (${source})`, remedy);
  const ports = targetGroupsOf(config);
  const matching = config.services.flatMap((service) => (service.match === undefined ? [] : portsOf(service)));
  if (matching.length > rules) refuse("listener rules", matching.length, rules);
  const groups = ports.length * (trafficOf(config) === "weighted" ? config.members.length : 1);
  if (groups > targetGroups) refuse("target groups", groups, targetGroups);
  const own = listenersOf(config).length;
  if (own > listeners) refuse("listeners", own, listeners);
};

export const applicationRules: readonly OfAll[] = [httpsPortsServe, quotas];
