import type * as pulumi from "@pulumi/pulumi";
import { applicationAttributes, applicationGroups, applicationQuotas, matchRules, ports } from "./internal/aws-limits";
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
  /** Which target of a group gets a request. Default `round_robin`. */
  algorithm?: "round_robin" | "least_outstanding_requests" | "weighted_random";
  /**
   * How long, 30 to 900 s, a new target's part of the requests grows. Only with `round_robin`; AWS does so only beside
   * targets that are healthy already. Default: not at all.
   */
  slowStartSeconds?: number;
  /**
   * How long, 1 to 604800 s, a client stays with a target by a cookie. Not together with `weights`: whether a cookie
   * still leads to a group whose weight is 0 is documented nowhere. Default: not at all.
   */
  stickinessSeconds?: number;
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
  /** When a client's connection is closed at the latest, 60 to 604800 s. Default 3600, as AWS has it. */
  clientKeepAliveSeconds?: number;
  /** Whether headers whose names are none are taken out of requests. Default false. */
  dropInvalidHeaders?: boolean;
  /** What becomes of requests that proxies may read in two ways. Default `defensive`. */
  desyncMode?: "monitor" | "defensive" | "strictest";
  /** Bucket that AWS writes a line for each request into. Its policy must let Elastic Load Balancing do so. Default: none. */
  accessLogs?: { bucket: string; prefix?: string };
  /** ARN of a regional web ACL of WAF that requests go through. While it is exchanged there is none for seconds. */
  webAclArn?: string;
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

function attributeProblems(args: ApplicationLoadBalancerArgs): Problem[] {
  const { source, ...limits } = applicationAttributes;
  const ofBalancer = (["idleTimeoutSeconds", "clientKeepAliveSeconds"] as const).flatMap((key) =>
    args[key] === undefined ? [] : wholeNumberProblems(key, args[key], limits[key].least, limits[key].most, source),
  );
  const ofServices = args.services.flatMap((service, index): Problem[] => {
    const { slowStartSeconds, stickinessSeconds, algorithm } = service;
    const problems = (["slowStartSeconds", "stickinessSeconds"] as const).flatMap((key) =>
      service[key] === undefined
        ? []
        : wholeNumberProblems(
            `services[${index}].${key}`,
            service[key],
            applicationGroups[key].least,
            applicationGroups[key].most,
            applicationGroups.source,
          ),
    );
    if (slowStartSeconds !== undefined && (algorithm ?? "round_robin") !== "round_robin")
      problems.push({
        path: `services[${index}].slowStartSeconds`,
        value: slowStartSeconds,
        rule: `needs algorithm round_robin (${applicationGroups.source})`,
        remedy: "Leave one of the two out",
      });
    if (stickinessSeconds !== undefined && args.weights !== undefined)
      problems.push({
        path: `services[${index}].stickinessSeconds`,
        value: stickinessSeconds,
        rule: "can't be combined with weights: a cookie may lead to a member whose weight is 0",
        remedy: "Leave one of the two out",
      });
    return problems;
  });
  return [...ofBalancer, ...ofServices];
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
  const { services, https } = args;
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
    ...attributeProblems(args),
    ...balancerProblems({ ...args, ...(redirect === undefined ? {} : { morePorts: [redirect] }) }),
  ];
}
