/**
 * What may not be among the files of a workload: objects that take traffic past the driver, objects of this package's,
 * and what Kubernetes or Pulumi would fight over. Pure.
 */
import type { Problem } from "../../components/internal/problems";
import { isObject } from "../../components/internal/plain-object";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { isExternal, isManaged, targetGroupsOf } from "../config/target-groups";
import { type FromFile, groupOf, isOwnGroup, type KubernetesObject, nameOf, runsPods } from "./objects";

type Config = Pick<EnvironmentConfig, "services">;
interface Refusal {
  readonly value: unknown;
  readonly rule: string;
  readonly remedy: string;
}
type Rule = (object: KubernetesObject, all: readonly KubernetesObject[], config: Config) => Refusal | null;

const inside = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);

const ownLoadBalancer =
  "would make a load balancer of its own on every member, which no move takes traffic from or brings traffic to";

const loadBalancerService: Rule = ({ kind, apiVersion, spec }) =>
  kind === "Service" && apiVersion === "v1" && spec?.["type"] === "LoadBalancer"
    ? {
        value: "type: LoadBalancer",
        rule: ownLoadBalancer,
        remedy: "Write type: ClusterIP; the environment's load balancer reaches the pods",
      }
    : null;

const albIngress: Rule = ({ kind, apiVersion, spec, metadata }) => {
  if (kind !== "Ingress" || groupOf({ apiVersion }) !== "networking.k8s.io") return null;
  const named = spec?.["ingressClassName"] ?? inside(metadata, "annotations", "kubernetes.io/ingress.class");
  return named === "alb"
    ? {
        value: "ingressClassName: alb",
        rule: ownLoadBalancer,
        remedy:
          "Take it out; the environment's load balancer has a port for each service (services[].match divides one)",
      }
    : null;
};

const binding: Rule = ({ kind, spec }) =>
  kind === "TargetGroupBinding"
    ? {
        value: spec?.["targetGroupARN"] ?? null,
        rule: "registers pods with a target group whether or not their member is in traffic",
        remedy: "Take it out; moves make the bindings of the environment's target groups, and delete them",
      }
    : null;

const namespaces: Rule = ({ kind, apiVersion, metadata: { name } }, _, { services }) => {
  if (kind !== "Namespace" || apiVersion !== "v1") return null;
  const isOurs = services.some((service) => !isExternal(service) && service.namespace === name);
  return isOurs || name === "default" || name.startsWith("kube-")
    ? {
        value: name,
        rule: isOurs ? "is made by this package, with the label that gives pods readiness gates" : "is Kubernetes' own",
        remedy: "Take it out; objects without a namespace are put into the service's",
      }
    : null;
};

/** What this package declares for a service of its own. */
const ofManaged: Rule = ({ kind, metadata }, _, { services }) => {
  const owner = services.find(
    (service) => isManaged(service) && service.name === metadata.name && service.namespace === metadata.namespace,
  );
  return owner !== undefined && ["Deployment", "Service", "PodDisruptionBudget"].includes(kind)
    ? {
        value: metadata.name,
        rule: `is this package's: service '${owner.name}' is of workload managed`,
        remedy: "Give it another name, or take it out",
      }
    : null;
};

const generated: Rule = ({ metadata }) =>
  metadata["generateName"] === undefined
    ? null
    : {
        value: metadata["generateName"],
        rule: "can't have generateName: each update has to find the same object again",
        remedy: "Write metadata.name alone",
      };

const rules: readonly Rule[] = [...[loadBalancerService, albIngress, binding, namespaces, ofManaged, generated]];

/** `./manifests/web/web.yaml, Service shop/web: …` */
const problemOf = ({ file, object }: FromFile, refusal: Refusal): Problem => ({
  path: `${file}, ${nameOf(object)}`,
  ...refusal,
});

const identity = (object: KubernetesObject): string => `${groupOf(object)} ${nameOf(object)}`;

/** An object is declared once in a member's cluster, whoever's files it is in. */
function twice(all: readonly FromFile[]): Problem[] {
  return all.flatMap((one, index) => {
    const first = all.findIndex(({ object }) => identity(object) === identity(one.object));
    return first === index
      ? []
      : [
          problemOf(one, {
            value: one.object.metadata.name,
            rule: `is there twice: ${all[first]?.file ?? ""} has it as well`,
            remedy: "Keep one of the two",
          }),
        ];
  });
}

const labelsOfPods = (object: KubernetesObject): unknown =>
  object.kind === "Pod" ? object.metadata["labels"] : inside(object.spec, "template", "metadata", "labels");

/** Whether pods of this object are behind a Service with this selector. */
function isBehind(selector: Readonly<Record<string, unknown>>, object: KubernetesObject): boolean {
  const labels = labelsOfPods(object);
  return isObject(labels) && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** A strategy that ends every pod before the first new one is there. */
function endsAll({ kind, spec }: KubernetesObject): string | null {
  if (kind === "Deployment" && inside(spec, "strategy", "type") === "Recreate") return "strategy: Recreate";
  const under = kind === "Deployment" ? "strategy" : "updateStrategy";
  return inside(spec, under, "rollingUpdate", "maxUnavailable") === "100%" ? "maxUnavailable: 100%" : null;
}

/** Its pods are the targets: some must be there, and at each change some must stay. */
function podProblems(
  service: FromFile,
  selector: Readonly<Record<string, unknown>>,
  all: readonly FromFile[],
): Problem[] {
  const { namespace } = service.object.metadata;
  const here = all.filter(({ object }) => object.metadata.namespace === namespace);
  const behind = here.filter(({ object }) => isBehind(selector, object));
  // Whoever acts on kinds of somebody's own may make pods of any of them.
  if (behind.length === 0 && all.every(({ object }) => isOwnGroup(groupOf(object))))
    return [
      problemOf(service, {
        value: selector,
        rule: "selects no pod: nothing in these files makes pods with such labels, so no target would be there",
        remedy: "Write the labels of the pod template into spec.selector, or add what runs the pods",
      }),
    ];
  return behind.flatMap((one) => {
    const how = runsPods(one.object) ? endsAll(one.object) : null;
    return how === null
      ? []
      : [
          problemOf(one, {
            value: how,
            rule: "ends every pod before new ones are there, at each change of a member in traffic",
            remedy: "Write strategy type RollingUpdate with a smaller maxUnavailable, best 0",
          }),
        ];
  });
}

/** The bound Service is among the objects, selects pods and has the ports. `key`: the config's, as services[0].manifests. */
function serviceProblems(service: ServiceConfig, key: string, all: readonly FromFile[]): Problem[] {
  const specs = targetGroupsOf({ services: [service] });
  const name = specs[0]?.kubernetesService ?? service.name;
  const here = all.filter(
    ({ object: { kind, apiVersion, metadata } }) =>
      kind === "Service" && apiVersion === "v1" && metadata.namespace === service.namespace,
  );
  const found = here.find(({ object }) => object.metadata.name === name);
  if (found === undefined) {
    const others = here.map(({ object }) => object.metadata.name);
    const ofChart = service.chart !== undefined;
    return [
      {
        path: `${key}.service`,
        value: name,
        rule:
          `is no Service of the ${ofChart ? "chart" : "files"} in namespace ${service.namespace}` +
          (others.length === 0
            ? `, which ${ofChart ? "has" : "have"} none there`
            : ` (${ofChart ? "it has" : "they have"} ${others.join(", ")})`),
        remedy: "Name the Service whose pods the load balancer is to reach",
      },
    ];
  }
  const { spec } = found.object;
  const selector = isObject(spec?.["selector"]) ? spec["selector"] : {};
  const ports = (Array.isArray(spec?.["ports"]) ? spec["ports"] : []).map((port) => inside(port, "port"));
  return [
    ...(Object.keys(selector).length > 0
      ? podProblems(found, selector, all)
      : [
          problemOf(found, {
            value: spec?.["selector"] ?? null,
            rule: "has no selector, so no pod of it can become a target",
            remedy: "Write spec.selector",
          }),
        ]),
    ...specs
      .filter(({ servicePort }) => !ports.includes(servicePort))
      .map(({ servicePort }) =>
        problemOf(found, {
          value: servicePort,
          rule: `has no such port (it has ${ports.join(", ") || "none"})`,
          remedy: "Say which is meant with services[].servicePort, or add the port",
        }),
      ),
  ];
}

/** What is wrong with the objects of all services, in namespaces already. */
export function objectProblems(
  config: Config,
  byService: readonly {
    readonly service: ServiceConfig;
    readonly key: string;
    readonly objects: readonly FromFile[];
  }[],
): Problem[] {
  const all = byService.flatMap(({ objects }) => objects);
  const objects = all.map(({ object }) => object);
  const refused = all.flatMap((one) =>
    rules.flatMap((rule) => {
      const refusal = rule(one.object, objects, config);
      return refusal === null ? [] : [problemOf(one, refusal)];
    }),
  );
  const services = byService.flatMap((one) => serviceProblems(one.service, one.key, one.objects));
  return [...refused, ...twice(all), ...services];
}
