/** `services`: what the members run behind the load balancer. */
import {
  deregistrationDelaySeconds,
  healthCheck,
  targetsPerTargetGroup,
} from "../../../components/internal/aws-limits";
import { defaultLagSeconds, lagOf, lagSources, leastLagWords } from "../../../components/internal/propagation-lag";
import { custom, list, oneOf, text, whole, yesOrNo } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { addedLater, derived, leftOut, orNull, type Reader, required, type ValueOf, withDefault } from "../declare/key";
import { listenerRules } from "../rules/listeners";
import { cpuQuantity, image, memoryQuantity, variables } from "./container";
import { existing } from "./existing-service";
import { ofFirst, portNumber, ports, servicePort } from "./ports";
import { http } from "./application";
import { match } from "./match";
import { labelPattern, nameText, objectNamePattern } from "./names";
import { fitsWorkload, hasImage, schemaOfWorkload, workloadKeys } from "./workload-kinds";
import { podSecurity } from "./pod-security";
import { serviceAccount } from "./service-account";
import { fitsTemplate, graceDefault, placesOfTimes, podTemplate, preStopDefault } from "./pod-template";

/** What a pod still needs after its preStop sleep to answer what it has accepted. */
const leastStopSeconds = 10;

/** Refused where it breaks a shared target group; nothing of it is kept. */
const trafficPolicy = custom<undefined>({
  read: (value, place) =>
    value === "Cluster"
      ? undefined
      : value === "Local"
        ? place.refuse(
            value,
            "breaks a shared target group: its health check would become HTTP on the primary's healthCheckNodePort, " +
              "which other clusters don't have, so all their targets would be unhealthy",
            "Remove it; the clients' addresses reach the pods with targetType ip and preserved client IPs",
          )
        : place.refuse(value, "must be Cluster", "Remove it"),
  empty: undefined,
  type: "text",
  range: "`Cluster`",
  schema: { enum: ["Cluster"] },
  structured: false,
});

const everybody: readonly Reader[] = ["environment", "members", "driver"];
const serviceKeys = {
  name: required(nameText("Choose a name like web"), {
    readBy: everybody,
    doc: "Name of the service, its Deployment and its Service, unique in the environment.",
    change: { kind: "partly", note: "no: services are known by it, and one that goes is refused" },
  }),
  namespace: withDefault(
    text({
      pattern: labelPattern,
      rule: "must be the name of a Kubernetes namespace",
      remedy: "Write lower-case letters, digits and dashes",
    }),
    derived(({ name }: { name: string }) => name, "`name`"),
    {
      readBy: ["members", "driver"],
      doc: "Namespace on every member.",
      change: {
        kind: "fixed",
        what: "the running workload would be replaced at once on every member",
        remedy: "Keep the namespace; add a service of another name beside it and move clients to its port",
      },
    },
  ),
  ...workloadKeys,
  image: leftOut(image, "required with `workload: managed`", {
    doc: "Container image. Only with `workload: managed`.",
    example: "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2",
  }),
  ports: leftOut(ports, "`port` and `targetPort` alone", {
    readBy: everybody,
    doc:
      "All ports of the service, each with a listener and a target group of its own. The first also answers the " +
      "health checks of `ip` targets.",
    change: { kind: "partly", note: "deployed ports keep name and targetPort" },
  }),
  port: withDefault(portNumber, ofFirst("port"), {
    readBy: everybody,
    doc: "Listener port on the load balancer; of several `ports` the first.",
  }),
  targetPort: withDefault(portNumber, ofFirst("targetPort"), {
    readBy: everybody,
    doc: "Port of the container; of several `ports` the first.",
    change: { kind: "partly", note: "no" },
  }),
  servicePort,
  match: leftOut(match, "it gets all requests of its port that no other service gets", {
    readBy: ["environment", "driver"],
    doc:
      "Only with `loadBalancer.type: application`: which requests are this service's. Services may share a port then, " +
      "and all of them but one need it.",
    change: { kind: "partly", note: "what it says, by `up`; a deployed service neither gets nor loses it" },
  }),
  http: leftOut(http, "as its keys say", {
    readBy: ["environment"],
    doc: "Only with `loadBalancer.type: application`: how requests are divided inside of a target group.",
    change: { kind: "up" },
  }),
  externalTrafficPolicy: leftOut(trafficPolicy, "`Cluster`", { doc: "Only there to say why `Local` can't be had." }),
  targetType: addedLater(
    withDefault(oneOf("ip", "instance"), "ip", {
      readBy: everybody,
      doc: "What is registered: pods (`ip`), or the nodes' NodePort (`instance`).",
      change: {
        kind: "fixed",
        what: "the target groups would be replaced",
        remedy: "Keep the type; add a service of another name beside it and move clients to its port",
      },
    }),
  ),
  existing: addedLater(
    orNull(existing, "this package makes the workload on the primary too", {
      readBy: ["members", "driver"],
      doc: "Only with `loadBalancer.owner: service`: a workload of the primary that somebody else made and keeps.",
      change: {
        kind: "fixed",
        what: "the workload of the primary would be made or lost",
        remedy: "Keep it; add a service of another name beside it",
      },
    }),
  ),
  replicas: withDefault(
    whole({
      least: 2,
      most: targetsPerTargetGroup.most,
      source: "one pod alone is an outage whenever its node goes; most: targets of a target group",
    }),
    2,
    { readBy: ["members", "driver"], doc: "Pods on each member at 100 percent capacity." },
  ),
  autoscaled: withDefault(yesOrNo(), false, {
    readBy: ["members", "driver"],
    doc:
      "True when an autoscaler owns the replicas: no move scales them, and a member is drained only when those that " +
      "stay have as many healthy targets as those that leave (times `rollout.minCapacityPercent`). Its `minReplicas` " +
      "on the others is the way to raise them in time.",
  }),
  healthCheckPath: withDefault(
    text({
      pattern: new RegExp(`^/\\S{0,${healthCheck.longestPath - 1}}$`),
      rule: `must begin with / and have at most ${healthCheck.longestPath} characters (${healthCheck.source})`,
      remedy: "Write it like /healthz",
      range: `begins with /, at most ${healthCheck.longestPath} characters`,
    }),
    "/healthz",
    {
      readBy: everybody,
      doc: "Path that the load balancer's health checks and the pods' probes ask.",
      source: healthCheck.source,
    },
  ),
  probePath: withDefault(
    text({
      pattern: /^\/\S{0,1023}$/,
      rule: "must begin with / and have at most 1024 characters",
      remedy: "Write a path that does the service's own work and changes nothing, like /",
    }),
    "/",
    {
      doc:
        "Path that the driver asks through the load balancer, besides the health check's: one that does the service's " +
        "own work, because a pod can be healthy and answer its users with errors. Statuses from 500 on are failures. " +
        "With `match` it asks with a host and headers that fit, and with one of its paths where this is `/`.",
      readBy: ["driver"],
      change: { kind: "at once" },
    },
  ),
  serviceAccount,
  podTemplate,
  preStopSeconds: withDefault(
    whole({ least: 0, most: 3600, source: "seconds" }),
    derived(preStopDefault, `as \`podTemplate\` says, else \`${defaultLagSeconds}\``),
    {
      doc:
        "How long, in seconds, a pod serves on after it was told to stop, because the load balancer still sends it new " +
        `connections or requests; at least ${leastLagWords}.`,
      source: lagSources,
    },
  ),
  terminationGraceSeconds: withDefault(
    whole({ least: 1, most: 7200, source: "seconds" }),
    derived(graceDefault, "as `podTemplate` says, else `preStopSeconds` + 60"),
    {
      doc:
        `Seconds until the kubelet kills a pod that was told to stop, at least ${leastStopSeconds} more than ` +
        "`preStopSeconds`.",
    },
  ),
  deregistrationDelaySeconds: withDefault(whole(deregistrationDelaySeconds), deregistrationDelaySeconds.default, {
    readBy: ["environment", "primary"],
    doc: "How long, in seconds, the load balancer lets connections to a deregistered target end.",
    source: deregistrationDelaySeconds.source,
  }),
  memory: leftOut(memoryQuantity, "`128Mi`", {
    doc:
      "Memory of each pod, as request and as limit: a container that needs more is killed. The default is small: set " +
      "what the service uses at its peak.",
    example: "512Mi",
  }),
  cpu: leftOut(cpuQuantity, "`100m`", {
    doc: "CPU that each pod is sure of (its request), in cores or thousandths (`250m`). There is no limit.",
    example: "250m",
  }),
  podSecurity,
  environment: withDefault(
    variables,
    {},
    {
      doc: "Variables of the container. They stand readable in outputs, state and Deployment: not for secrets.",
    },
  ),
  environmentFrom: leftOut(
    list(
      text({
        pattern: objectNamePattern,
        rule: "must be the name of a Kubernetes Secret",
        remedy: "Write the Secret's name; it must be in the service's namespace in every member's cluster",
      }),
      {
        fewest: 1,
        remedy: "Write the Secret's name; it must be in the service's namespace in every member's cluster",
      },
    ),
    "none",
    {
      doc:
        "Names of Secrets in the service's namespace, in every member's cluster, whose keys become variables. Pods " +
        "don't start before they are there; `environment` wins.",
    },
  ),
};

/** One service behind the load balancer: an entry of `services` of the config. */
export interface ServiceConfig extends ValueOf<typeof serviceKeys> {}
type Check = Rule<ServiceConfig>;

const portsOrPort: Check = (service, place, given) => {
  if (!given("ports")) return;
  for (const key of ["port", "targetPort"] as const) {
    if (given(key))
      place.add(key, service[key], "can't be combined with ports", "Keep either port and targetPort, or the list");
  }
};

const outlivesTheLag: Check = (service, place, given) => {
  const { preStopSeconds, terminationGraceSeconds } = service;
  const { usual, longest, why } = lagOf(place.earlier.loadBalancer?.type);
  const { preStop, grace } = placesOfTimes(service, given);
  if (preStopSeconds < usual && preStop !== null)
    place.add(preStop, preStopSeconds, `must be at least ${usual}: ${why}`, `Choose ${longest}`);
  if (terminationGraceSeconds < preStopSeconds + leastStopSeconds)
    place.add(
      grace,
      terminationGraceSeconds,
      `must be at least ${leastStopSeconds} s longer than preStopSeconds (${preStopSeconds}); the kubelet kills the ` +
        "pod when it is over",
      `Choose ${preStopSeconds + 60}`,
    );
};

const service = group(serviceKeys, [hasImage, fitsWorkload, portsOrPort, outlivesTheLag, fitsTemplate]);
const schema = { ...service.schema, ...schemaOfWorkload };

export const services = groupList(
  { ...service, schema },
  {
    what: "service",
    remedy: "Add a service with name, image, port and targetPort",
    rules: listenerRules,
  },
);
