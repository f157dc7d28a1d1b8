/**
 * The services of an environment: their fields, what must differ between them, and the targets that they need together.
 */
import {
  deregistrationDelaySeconds,
  healthCheck,
  listenersPerLoadBalancer,
  ports,
  propagationLagSeconds,
  targetsPerLoadBalancer,
  targetsPerTargetGroup,
} from "../../components/internal/aws-limits";
import type { Problem } from "../../components/internal/problems";
import type { ExistingServiceConfig, LoadBalancerOwner, ServiceConfig, ServicePortConfig } from "./types";
import { ObjectReader } from "./object-reader";
import { targetGroupsOf } from "./target-groups";
import { plainName } from "../shared/plain-name";

const namespaceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A DNS subdomain, as Kubernetes names Secrets. */
const secretName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
/** What a pod still needs after its preStop sleep to answer what it has accepted. */
const leastStopSeconds = 10;

function readEnvironment(reader: ObjectReader): Readonly<Record<string, string>> {
  const value = reader.raw("environment") ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    reader.add("environment", value, "must be an object of texts", "Write `NAME: value` pairs");
    return {};
  }
  const environment: Record<string, string> = {};
  for (const [name, text] of Object.entries(value as Record<string, unknown>)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof text !== "string")
      reader.add(
        `environment.${name}`,
        text,
        "must be a text under the name of an environment variable",
        "Put numbers in quotes",
      );
    else if (name === "MEMBER")
      reader.add("environment.MEMBER", text, "is set by the package to the member's name", "Choose another name");
    else environment[name] = text;
  }
  return environment;
}

/** A port's name, as Kubernetes has it: at most 15 characters. */
const portName = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;

/** Either `port` and `targetPort`, or `ports`. */
function readPorts(problems: Problem[], reader: ObjectReader): Pick<ServiceConfig, "port" | "targetPort" | "ports"> {
  if (!reader.given("ports"))
    return { port: reader.whole("port", { ...ports }), targetPort: reader.whole("targetPort", { ...ports }) };
  for (const key of ["port", "targetPort"] as const) {
    if (reader.given(key))
      reader.add(key, reader.raw(key), "can't be combined with ports", "Keep either port and targetPort, or the list");
  }
  const value = reader.raw("ports");
  if (!Array.isArray(value) || value.length === 0) {
    reader.add("ports", value, "must be a list of at least one port", "Write name, port and targetPort of each");
    return { port: ports.least, targetPort: ports.least };
  }
  const list = value.map((item, index): ServicePortConfig => {
    const inner = new ObjectReader(problems, reader.at(`ports[${index}]`), item);
    const one = {
      name: inner.text(
        "name",
        undefined,
        portName,
        "must be lower-case letters, digits and dashes with at least one letter, at most 15 characters (a " +
          "Kubernetes port name)",
        "Choose a name like http",
      ),
      port: inner.whole("port", { ...ports }),
      targetPort: inner.whole("targetPort", { ...ports }),
    };
    inner.finish();
    return one;
  });
  list.forEach((one, index) => {
    for (const key of ["name", "port", "targetPort"] as const) {
      const first = list.findIndex((other) => other[key] === one[key]);
      if (first < index && one[key] !== "")
        reader.add(
          `ports[${index}].${key}`,
          one[key],
          `is taken by ports[${first}]`,
          "Give every port of a service its own name, listener port and container port",
        );
    }
  });
  return { port: list[0]?.port ?? ports.least, targetPort: list[0]?.targetPort ?? ports.least, ports: list };
}

function readExistingService(reader: ObjectReader, owner: LoadBalancerOwner): ExistingServiceConfig | null {
  if (!reader.given("existing")) return null;
  if (owner === "stack")
    reader.add(
      "existing",
      reader.raw("existing"),
      "needs loadBalancer.owner service: with owner stack no Service owns a load balancer",
      "Set loadBalancer.owner to service (after `adopt` it stays so: the record says that the stack owns them), " +
        "or before the first deployment remove it",
    );
  const inner = reader.inner("existing");
  const named = (key: "service" | "deployment"): string =>
    inner.text(
      key,
      undefined,
      namespaceName,
      `must be the name of the ${key === "service" ? "Service of type LoadBalancer" : "Deployment"} on the primary`,
      "Write its name; the namespace is the service's own",
    );
  const existing = { service: named("service"), deployment: named("deployment") };
  inner.finish();
  return existing;
}

function readTargetType(reader: ObjectReader): "ip" | "instance" {
  const policy = reader.raw("externalTrafficPolicy");
  if (policy === "Local") {
    reader.add(
      "externalTrafficPolicy",
      policy,
      "breaks a shared target group: its health check would become HTTP on the primary's healthCheckNodePort, " +
        "which other clusters don't have, so all their targets would be unhealthy",
      "Remove it; the clients' addresses reach the pods with targetType ip and preserved client IPs",
    );
  } else if (policy !== undefined && policy !== "Cluster")
    reader.add("externalTrafficPolicy", policy, "must be Cluster", "Remove it");
  return reader.oneOf("targetType", ["ip", "instance"] as const, "ip");
}

function readService(problems: Problem[], path: string, value: unknown, owner: LoadBalancerOwner): ServiceConfig {
  const reader = new ObjectReader(problems, path, value);
  const name = reader.text(
    "name",
    undefined,
    plainName,
    "must be lower-case letters, digits and dashes, begin with a letter, end in no dash, and have at most 32 " +
      "characters",
    "Choose a name like web",
  );
  const preStopSeconds = reader.whole("preStopSeconds", {
    least: 0,
    most: 3600,
    otherwise: propagationLagSeconds.longest,
    source: "seconds",
  });
  const terminationGraceSeconds = reader.whole("terminationGraceSeconds", {
    least: 1,
    most: 7200,
    otherwise: preStopSeconds + 60,
    source: "seconds",
  });
  if (preStopSeconds < propagationLagSeconds.usual) {
    reader.add(
      "preStopSeconds",
      preStopSeconds,
      `must be at least ${propagationLagSeconds.usual}: an NLB goes on sending new connections to a deregistered ` +
        `pod for ${propagationLagSeconds.usual} to ${propagationLagSeconds.longest} s`,
      `Choose ${propagationLagSeconds.longest}`,
    );
  }
  if (terminationGraceSeconds < preStopSeconds + leastStopSeconds) {
    reader.add(
      "terminationGraceSeconds",
      terminationGraceSeconds,
      `must be at least ${leastStopSeconds} s longer than preStopSeconds (${preStopSeconds}); the kubelet kills ` +
        "the pod when it is over",
      `Choose ${preStopSeconds + 60}`,
    );
  }
  const service: ServiceConfig = {
    name,
    namespace: reader.text(
      "namespace",
      name,
      namespaceName,
      "must be the name of a Kubernetes namespace",
      "Write lower-case letters, digits and dashes",
    ),
    image: reader.text(
      "image",
      undefined,
      /^\S+$/,
      "must be a container image",
      "Write it like 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2",
    ),
    ...readPorts(problems, reader),
    targetType: readTargetType(reader),
    existing: readExistingService(reader, owner),
    replicas: reader.whole("replicas", {
      least: 2,
      most: targetsPerTargetGroup.most,
      otherwise: 2,
      source: "one pod alone is an outage whenever its node goes; most: targets of a target group",
    }),
    autoscaled: reader.yesOrNo("autoscaled", false),
    healthCheckPath: reader.text(
      "healthCheckPath",
      "/healthz",
      new RegExp(`^/\\S{0,${healthCheck.longestPath - 1}}$`),
      `must begin with / and have at most ${healthCheck.longestPath} characters (${healthCheck.source})`,
      "Write it like /healthz",
    ),
    probePath: reader.text(
      "probePath",
      "/",
      /^\/\S{0,1023}$/,
      "must begin with / and have at most 1024 characters",
      "Write a path that does the service's own work and changes nothing, like /",
    ),
    preStopSeconds,
    terminationGraceSeconds,
    deregistrationDelaySeconds: reader.whole("deregistrationDelaySeconds", {
      ...deregistrationDelaySeconds,
      otherwise: deregistrationDelaySeconds.default,
    }),
    environment: readEnvironment(reader),
    ...(reader.given("environmentFrom")
      ? {
          environmentFrom: reader.texts(
            "environmentFrom",
            undefined,
            1,
            secretName,
            "must be the name of a Kubernetes Secret",
            "Write the Secret's name; it must be in the service's namespace in every member's cluster",
          ),
        }
      : {}),
  };
  reader.finish();
  return service;
}

/** Reads `services` of the config's top level. */
export function readServices(
  top: ObjectReader,
  problems: Problem[],
  owner: LoadBalancerOwner,
): readonly ServiceConfig[] {
  const value = top.raw("services");
  if (!Array.isArray(value) || value.length === 0) {
    top.add(
      "services",
      value,
      `${value === undefined ? "is required; " : ""}must be a list of at least one service`,
      "Add a service with name, image, port and targetPort",
    );
    return [];
  }
  const services = value.map((item, index) => readService(problems, `services[${index}]`, item, owner));
  uniquenessProblems(top, services, owner);
  if (owner === "service") {
    for (const [index, service] of services.entries()) {
      const listeners = service.ports?.length ?? 1;
      if (listeners > listenersPerLoadBalancer.most)
        top.add(
          `services[${index}].ports`,
          listeners,
          `a load balancer has at most ${listenersPerLoadBalancer.most} listeners (${listenersPerLoadBalancer.source})`,
          "Split the ports over several services",
        );
    }
    return services;
  }
  const listeners = targetGroupsOf({ services }).length;
  if (listeners > listenersPerLoadBalancer.most)
    top.add(
      "services",
      listeners,
      `a load balancer has at most ${listenersPerLoadBalancer.most} listeners (${listenersPerLoadBalancer.source})`,
      "Split the services over several environments, or set loadBalancer.owner to service: each has a load " +
        "balancer of its own then",
    );
  return services;
}

/**
 * Names; listener ports, which share one load balancer with owner `stack`; and target group keys, which must not meet
 * across services.
 */
function uniquenessProblems(top: ObjectReader, services: readonly ServiceConfig[], owner: LoadBalancerOwner): void {
  const names = new Map<string, number>();
  const listeners = new Map<number, number>();
  const keys = new Map<string, string>();
  services.forEach((service, index) => {
    const first = names.get(service.name);
    if (first === undefined) names.set(service.name, index);
    else if (service.name !== "")
      top.add(
        `services[${index}].name`,
        service.name,
        `is taken by services[${first}]`,
        "Give every service its own name",
      );
    for (const [at, port] of (service.ports ?? [service]).entries()) {
      const taken = listeners.get(port.port);
      if (taken === undefined || taken === index) listeners.set(port.port, index);
      else if (owner === "stack")
        top.add(
          `services[${index}].${service.ports === undefined ? "port" : `ports[${at}].port`}`,
          port.port,
          `is taken by services[${taken}]`,
          "Give every service its own listener port",
        );
    }
    for (const { key } of targetGroupsOf({ services: [service] })) {
      const other = keys.get(key);
      if (other !== undefined && other !== service.name)
        top.add(
          `services[${index}].name`,
          service.name,
          `makes a target group '${key}', which service '${other}' makes as well`,
          "Rename the service or the port",
        );
      keys.set(key, service.name);
    }
  });
}

/** More targets than the load balancer takes while the most members are in at once. */
export function quotaProblems(
  services: readonly ServiceConfig[],
  shape: {
    readonly strategy: "replace" | "cycle";
    readonly minCapacityPercent: number;
    readonly members: number;
    readonly crossZone: boolean;
    readonly zones: number;
    readonly mostNodes: number;
    readonly owner: LoadBalancerOwner;
  },
): Problem[] {
  // In a cycle all are in while the others are being scaled up for the one that leaves next.
  const scaled = Math.max(1, ((shape.minCapacityPercent / 100) * shape.members) / (shape.members - 1));
  const membersAtOnce = shape.strategy === "cycle" ? Math.ceil(shape.members * scaled) : 2;
  const problems: Problem[] = [];
  const most = shape.crossZone
    ? targetsPerLoadBalancer.withCrossZone
    : targetsPerLoadBalancer.perZone * Math.max(1, shape.zones);
  const tooMany = (path: string, total: number, otherwise: string): void =>
    void problems.push({
      path,
      value: total,
      rule:
        `need ${total} targets with ${membersAtOnce} members in at once; this load balancer has at most ${most} ` +
        `(${targetsPerLoadBalancer.source})`,
      remedy: shape.crossZone ? "Use fewer and larger pods, or set loadBalancer.crossZone to false" : otherwise,
    });
  let total = 0;
  services.forEach((service, index) => {
    // Of instance targets every node is one, with or without a pod.
    const targets = (service.targetType === "instance" ? shape.mostNodes : service.replicas) * membersAtOnce;
    if (targets > targetsPerTargetGroup.most) {
      problems.push({
        path: `services[${index}].replicas`,
        value: service.replicas,
        rule:
          `needs ${targets} targets with ${membersAtOnce} members in at once; a target group has at most ` +
          `${targetsPerTargetGroup.most} (${targetsPerTargetGroup.source})`,
        remedy: "Use fewer and larger pods",
      });
    }
    // A target in n groups of a load balancer counts n times.
    const ofLoadBalancer = targets * (service.ports?.length ?? 1);
    total += ofLoadBalancer;
    if (shape.owner === "service" && ofLoadBalancer > most)
      tooMany(`services[${index}].replicas`, ofLoadBalancer, "Use fewer and larger pods");
  });
  if (shape.owner !== "service" && total > most)
    tooMany("services", total, "Use fewer and larger pods, or split the services over several environments");
  return problems;
}
