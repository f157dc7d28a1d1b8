/** The services of an environment: their fields, what must differ between them, and the targets that they need together. */
import { deregistrationDelaySeconds, healthCheck, listenersPerLoadBalancer, ports, propagationLagSeconds, targetsPerLoadBalancer, targetsPerTargetGroup } from "../components/aws-limits";
import type { Problem } from "../components/problems";
import type { ServiceConfig } from "./config";
import { ObjectReader } from "./config-reader";

const plainName = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
const namespaceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
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
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof text !== "string") reader.add(`environment.${name}`, text, "must be a text under the name of an environment variable", "Put numbers in quotes");
    else if (name === "MEMBER") reader.add("environment.MEMBER", text, "is set by the package to the member's name", "Choose another name");
    else environment[name] = text;
  }
  return environment;
}

function readService(problems: Problem[], path: string, value: unknown): ServiceConfig {
  const reader = new ObjectReader(problems, path, value);
  const name = reader.text("name", undefined, plainName, "must be lower-case letters, digits and dashes, begin with a letter, end in no dash, and have at most 32 characters", "Choose a name like web");
  const port = (key: string): number => reader.whole(key, { ...ports });
  const preStopSeconds = reader.whole("preStopSeconds", { least: 0, most: 3600, otherwise: propagationLagSeconds.longest, source: "seconds" });
  const terminationGraceSeconds = reader.whole("terminationGraceSeconds", { least: 1, most: 7200, otherwise: preStopSeconds + 60, source: "seconds" });
  if (preStopSeconds < propagationLagSeconds.usual) {
    reader.add("preStopSeconds", preStopSeconds, `must be at least ${propagationLagSeconds.usual}: an NLB goes on sending new connections to a deregistered pod for ${propagationLagSeconds.usual} to ${propagationLagSeconds.longest} s`, `Choose ${propagationLagSeconds.longest}`);
  }
  if (terminationGraceSeconds < preStopSeconds + leastStopSeconds) {
    reader.add("terminationGraceSeconds", terminationGraceSeconds, `must be at least ${leastStopSeconds} s longer than preStopSeconds (${preStopSeconds}); the kubelet kills the pod when it is over`, `Choose ${preStopSeconds + 60}`);
  }
  const service: ServiceConfig = {
    name,
    namespace: reader.text("namespace", name, namespaceName, "must be the name of a Kubernetes namespace", "Write lower-case letters, digits and dashes"),
    image: reader.text("image", undefined, /^\S+$/, "must be a container image", "Write it like 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2"),
    port: port("port"),
    targetPort: port("targetPort"),
    replicas: reader.whole("replicas", { least: 2, most: targetsPerTargetGroup.most, otherwise: 2, source: "one pod alone is an outage whenever its node goes; most: targets of a target group" }),
    autoscaled: reader.yesOrNo("autoscaled", false),
    healthCheckPath: reader.text("healthCheckPath", "/healthz", new RegExp(`^/\\S{0,${healthCheck.longestPath - 1}}$`), `must begin with / and have at most ${healthCheck.longestPath} characters (${healthCheck.source})`, "Write it like /healthz"),
    preStopSeconds,
    terminationGraceSeconds,
    deregistrationDelaySeconds: reader.whole("deregistrationDelaySeconds", { ...deregistrationDelaySeconds, otherwise: deregistrationDelaySeconds.default }),
    environment: readEnvironment(reader),
  };
  reader.finish();
  return service;
}

/** Reads `services` of the config's top level. */
export function readServices(top: ObjectReader, problems: Problem[]): readonly ServiceConfig[] {
  const value = top.raw("services");
  if (!Array.isArray(value) || value.length === 0) {
    top.add("services", value, `${value === undefined ? "is required; " : ""}must be a list of at least one service`, "Add a service with name, image, port and targetPort");
    return [];
  }
  const services = value.map((item, index) => readService(problems, `services[${index}]`, item));
  const firstWith = { name: new Map<string | number, number>(), port: new Map<string | number, number>() };
  services.forEach((service, index) => {
    for (const key of ["name", "port"] as const) {
      const first = firstWith[key].get(service[key]);
      if (first === undefined) firstWith[key].set(service[key], index);
      else if (service[key] !== "") top.add(`services[${index}].${key}`, service[key], `is taken by services[${first}]`, key === "name" ? "Give every service its own name" : "Give every service its own listener port");
    }
  });
  if (services.length > listenersPerLoadBalancer.most) top.add("services", services.length, `a load balancer has at most ${listenersPerLoadBalancer.most} listeners (${listenersPerLoadBalancer.source})`, "Split the services over several environments");
  return services;
}

/** More targets than the load balancer takes while the most members are in at once. */
export function quotaProblems(services: readonly ServiceConfig[], shape: { readonly strategy: "replace" | "cycle"; readonly minCapacityPercent: number; readonly members: number; readonly crossZone: boolean; readonly zones: number }): Problem[] {
  // In a cycle all are in while the others are being scaled up for the one that leaves next.
  const scaled = Math.max(1, ((shape.minCapacityPercent / 100) * shape.members) / (shape.members - 1));
  const membersAtOnce = shape.strategy === "cycle" ? Math.ceil(shape.members * scaled) : 2;
  const problems: Problem[] = [];
  let total = 0;
  services.forEach((service, index) => {
    const targets = service.replicas * membersAtOnce;
    total += targets;
    if (targets > targetsPerTargetGroup.most) {
      problems.push({ path: `services[${index}].replicas`, value: service.replicas, rule: `needs ${targets} targets with ${membersAtOnce} members in at once; a target group has at most ${targetsPerTargetGroup.most} (${targetsPerTargetGroup.source})`, remedy: "Use fewer and larger pods" });
    }
  });
  const most = shape.crossZone ? targetsPerLoadBalancer.withCrossZone : targetsPerLoadBalancer.perZone * Math.max(1, shape.zones);
  if (total > most) {
    problems.push({
      path: "services",
      value: total,
      rule: `need ${total} targets with ${membersAtOnce} members in at once; this load balancer has at most ${most} (${targetsPerLoadBalancer.source})`,
      remedy: shape.crossZone ? "Use fewer and larger pods, or set loadBalancer.crossZone to false" : "Use fewer and larger pods, or split the services over several environments",
    });
  }
  return problems;
}
