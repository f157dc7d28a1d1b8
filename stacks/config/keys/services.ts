/** `services`: what the members run behind the load balancer. */
import {
  deregistrationDelaySeconds,
  healthCheck,
  propagationLagSeconds,
  targetsPerTargetGroup,
} from "../../../components/internal/aws-limits";
import { custom, list, oneOf, text, whole, yesOrNo } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { addedLater, derived, leftOut, orNull, type Reader, required, type ValueOf, withDefault } from "../declare/key";
import { listenerRules } from "../rules/listeners";
import { ofFirst, portNumber, ports } from "./ports";
import { labelPattern, nameText, objectNamePattern } from "./names";
import { podSecurity } from "./pod-security";

/** What a pod still needs after its preStop sleep to answer what it has accepted. */
const leastStopSeconds = 10;

const variables = custom<Readonly<Record<string, string>>>({
  read: (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return place.refuse(value, "must be an object of texts", "Write `NAME: value` pairs");
    const good: Record<string, string> = {};
    for (const [name, one] of Object.entries(value)) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof one !== "string")
        place.add(name, one, "must be a text under the name of an environment variable", "Put numbers in quotes");
      else if (name === "MEMBER")
        place.add("MEMBER", one, "is set by the package to the member's name", "Choose another name");
      else good[name] = one;
    }
    return good;
  },
  empty: {},
  type: "texts by name",
  range: "names of environment variables; not `MEMBER`",
  schema: { type: "object", additionalProperties: { type: "string" } },
});

const memoryQuantity = text({
  pattern: /^[1-9]\d*(Mi|Gi)$/,
  rule: "must be an amount of memory in Mi or Gi",
  remedy: "Write it like 512Mi or 2Gi",
  range: "Mi or Gi, like `512Mi`",
});

const cpuQuantity = custom<string>({
  // A number of cores needs no quotes.
  read: (value, place) =>
    /^([1-9]\d*m|\d+(\.\d{1,3})?)$/.test(String(value)) && Number.parseFloat(String(value)) > 0
      ? String(value)
      : place.refuse(value, "must be a number of cores, or of thousandths with an m", "Write it like 250m or 2"),
  empty: "",
  type: "text or number",
  range: "cores, or thousandths like `250m`",
  schema: { type: ["string", "number"] },
});

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

const nameOf = (what: string) =>
  text({
    pattern: labelPattern,
    rule: `must be the name of the ${what} on the primary`,
    remedy: "Write its name; the namespace is the service's own",
    range: "name of a Kubernetes object",
  });

const existingKeys = {
  service: required(nameOf("Service of type LoadBalancer"), {
    doc: "The Service of type LoadBalancer, in the service's namespace.",
  }),
  deployment: required(nameOf("Deployment"), { doc: "The Deployment behind it, in the service's namespace." }),
};

/** A workload of the primary, and the Service in front of it, that somebody else made and keeps. */
export interface ExistingServiceConfig extends ValueOf<typeof existingKeys> {}

const needsOwnerService: Rule<ExistingServiceConfig> = (existing, place) => {
  if (place.earlier.loadBalancer?.owner === "stack")
    place.add(
      "",
      existing,
      "needs loadBalancer.owner service: with owner stack no Service owns a load balancer",
      "Set loadBalancer.owner to service (after `adopt` it stays so: the record says that the stack owns them), or " +
        "before the first deployment remove it",
    );
};

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
  image: required(
    text({
      pattern: /^\S+$/,
      rule: "must be a container image",
      remedy: "Write it like 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2",
    }),
    { doc: "Container image.", example: "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2" },
  ),
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
    orNull(group(existingKeys, [needsOwnerService]), "this package makes the workload on the primary too", {
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
        "own work, because a pod can be healthy and answer its users with errors. Statuses from 500 on are failures.",
      readBy: ["driver"],
      change: { kind: "at once" },
    },
  ),
  preStopSeconds: withDefault(whole({ least: 0, most: 3600, source: "seconds" }), propagationLagSeconds.longest, {
    doc:
      "How long, in seconds, a pod serves on after it was told to stop, because the load balancer still sends it new " +
      `connections; at least ${propagationLagSeconds.usual}.`,
    source: propagationLagSeconds.source,
  }),
  terminationGraceSeconds: withDefault(
    whole({ least: 1, most: 7200, source: "seconds" }),
    derived(({ preStopSeconds }: { preStopSeconds: number }) => preStopSeconds + 60, "`preStopSeconds` + 60"),
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

const outlivesTheLag: Check = ({ preStopSeconds, terminationGraceSeconds }, place) => {
  const { usual, longest } = propagationLagSeconds;
  if (preStopSeconds < usual)
    place.add(
      "preStopSeconds",
      preStopSeconds,
      `must be at least ${usual}: an NLB goes on sending new connections to a deregistered pod for ${usual} to ` +
        `${longest} s`,
      `Choose ${longest}`,
    );
  if (terminationGraceSeconds < preStopSeconds + leastStopSeconds)
    place.add(
      "terminationGraceSeconds",
      terminationGraceSeconds,
      `must be at least ${leastStopSeconds} s longer than preStopSeconds (${preStopSeconds}); the kubelet kills the ` +
        "pod when it is over",
      `Choose ${preStopSeconds + 60}`,
    );
};

export const services = groupList(group(serviceKeys, [portsOrPort, outlivesTheLag]), {
  what: "service",
  remedy: "Add a service with name, image, port and targetPort",
  rules: listenerRules,
});
