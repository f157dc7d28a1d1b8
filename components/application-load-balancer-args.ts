import type * as pulumi from "@pulumi/pulumi";
import { applicationQuotas, matchRules, ports } from "./internal/aws-limits";
import { balancerProblems, serviceProblems, takenProblems } from "./internal/balancer-problems";
import { type Problem, wholeNumberProblems } from "./internal/problems";
import type { SharedLoadBalancerArgs, SharedServiceArgs } from "./shared-load-balancer-args";

/** An HTTP header that a request must have. */
export interface HeaderMatchArgs {
  /** Upper and lower case are the same. */
  name: string;
  /** One of these; `*` stands for any characters, `?` for one. */
  values: string[];
}

/** Which requests are a service's. A request must fit all that is given, of each one of its values. */
export interface ServiceMatchArgs {
  /** 1 to 50000, unique on the listener: the lowest number that fits wins. Two rules can't exchange theirs in one update. */
  priority: number;
  /** Hosts that clients ask for; `*` and `?` as in `paths`. Default: any. */
  hosts?: string[];
  /** Paths without the query; `*` stands for any characters, `?` for one. Default: any. */
  paths?: string[];
  /** HTTP methods in capitals. Default: any. */
  methods?: string[];
  /** Default: any. */
  headers?: HeaderMatchArgs[];
}

/** One service port behind an Application Load Balancer. Several may have the same listener port. */
export interface ApplicationServiceArgs extends Omit<SharedServiceArgs, "connectionTermination" | "preserveClientIp"> {
  /** Default: it gets what no other service of its port gets; one service of a port may be without. */
  match?: ServiceMatchArgs;
}

/** HTTPS of an Application Load Balancer. */
export interface HttpsArgs {
  /** Those of the listener ports that speak HTTPS. */
  ports: number[];
  /** ARNs of certificates, at most 26. The first is for clients that name no host. */
  certificateArns: string[];
  /** Security policy of Elastic Load Balancing. Default `ELBSecurityPolicy-TLS13-1-2-2021-06`. */
  policy?: string;
  /** HTTP port whose requests are all redirected (301) to the first of `ports`. Default: none. */
  redirectFrom?: number;
}

/** Settings of the Application Load Balancer that members share, its listeners, rules and target groups. */
export interface ApplicationLoadBalancerArgs extends Omit<SharedLoadBalancerArgs, "services" | "crossZone"> {
  /** At least one. */
  services: ApplicationServiceArgs[];
  /** Default: all listeners speak HTTP. */
  https?: HttpsArgs;
  /**
   * How long a connection may be idle, 1 to 4000 s. Default 60, as AWS has it. Pods must keep idle connections longer,
   * or requests that come just then are answered 502.
   */
  idleTimeoutSeconds?: number;
  /** What is answered to a request that no service gets; status 404. Default `no service has this address`. */
  notFoundBody?: pulumi.Input<string>;
}

function matchProblems(services: readonly ApplicationServiceArgs[]): Problem[] {
  const { priority, source } = matchRules;
  return services.flatMap(({ match, port }, index): Problem[] => {
    const path = `services[${index}].match`;
    const earlier = services.slice(0, index).filter((other) => other.port === port);
    if (match === undefined) {
      if (earlier.every((other) => other.match !== undefined)) return [];
      return [
        {
          path,
          value: null,
          rule: `is required: another service of port ${port} has none as well, and one alone can get what no other gets`,
          remedy: "Say which requests are this service's",
        },
      ];
    }
    const problems = wholeNumberProblems(`${path}.priority`, match.priority, priority.least, priority.most, source);
    if (earlier.some((other) => other.match?.priority === match.priority))
      problems.push({
        path: `${path}.priority`,
        value: match.priority,
        rule: `is taken by another service of port ${port}`,
        remedy: "Give every rule of a port its own priority",
      });
    if ([match.hosts, match.paths, match.methods, match.headers].every((given) => (given ?? []).length === 0))
      problems.push({
        path,
        value: match.priority,
        rule: "must say something of hosts, paths, methods or headers",
        remedy: "Write one of them, or leave match out",
      });
    return problems;
  });
}

function httpsProblems({ https, services }: ApplicationLoadBalancerArgs): Problem[] {
  if (https === undefined) return [];
  const problems: Problem[] = [];
  const most = applicationQuotas.certificates + 1;
  if (https.certificateArns.length === 0 || https.certificateArns.length > most)
    problems.push({
      path: "https.certificateArns",
      value: https.certificateArns.length,
      rule: `must be 1 to ${most} (${applicationQuotas.source})`,
      remedy: "Name certificates; one may have several hosts",
    });
  const own = services.map(({ port }) => port);
  https.ports.forEach((port, index) => {
    if (!own.includes(port))
      problems.push({
        path: `https.ports[${index}]`,
        value: port,
        rule: "is no service's port",
        remedy: "Name ports of services",
      });
  });
  const { redirectFrom } = https;
  if (redirectFrom === undefined) return problems;
  problems.push(...wholeNumberProblems("https.redirectFrom", redirectFrom, ports.least, ports.most, ports.source));
  if (own.includes(redirectFrom) || https.ports.length === 0)
    problems.push({
      path: "https.redirectFrom",
      value: redirectFrom,
      rule: "must be a port of its own, and https.ports must name where it leads to",
      remedy: "Choose a port that no service has, like 80",
    });
  return problems;
}

function quotaProblems(args: ApplicationLoadBalancerArgs): Problem[] {
  const { services, weights, https } = args;
  const { rules, targetGroups, listeners, source } = applicationQuotas;
  const ofMembers = Object.keys(weights ?? { all: 1 }).length;
  const ports = new Set(services.map(({ port }) => port)).size + (https?.redirectFrom === undefined ? 0 : 1);
  return [
    { what: "rules", count: services.filter(({ match }) => match !== undefined).length, most: rules },
    { what: "target groups", count: services.length * ofMembers, most: targetGroups },
    { what: "listeners", count: ports, most: listeners },
  ]
    .filter(({ count, most }) => count > most)
    .map(({ what, count, most }) => ({
      path: "services",
      value: count,
      rule: `make ${count} ${what}, and a load balancer has at most ${most} (${source})`,
      remedy: "Use a second load balancer",
    }));
}

/** All that is wrong with the arguments. */
export function applicationLoadBalancerProblems(args: ApplicationLoadBalancerArgs): Problem[] {
  const { services, idleTimeoutSeconds, https } = args;
  const redirect = https?.redirectFrom;
  return [
    ...services.flatMap((service, index) => serviceProblems(service, `services[${index}]`)),
    ...(services.length > 0
      ? []
      : [{ path: "services", value: 0, rule: "must be at least one", remedy: "Add a service" }]),
    ...takenProblems(services, "name"),
    ...matchProblems(services),
    ...httpsProblems(args),
    ...quotaProblems(args),
    ...(idleTimeoutSeconds === undefined
      ? []
      : wholeNumberProblems("idleTimeoutSeconds", idleTimeoutSeconds, 1, 4000, applicationQuotas.attributes)),
    ...balancerProblems({ ...args, ...(redirect === undefined ? {} : { morePorts: [redirect] }) }),
  ];
}
