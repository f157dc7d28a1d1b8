/**
 * What may not be among the files of a workload: objects that take traffic past the driver, objects of this package's,
 * and what Kubernetes or Pulumi would fight over. Pure.
 */
import { isObject } from "../../components/internal/plain-object";
import type { Problem } from "../../components/internal/problems";
import { accountNameOf, hasRole } from "../config/keys/service-account";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { isExternal, isManaged } from "../config/target-groups";
import { serviceProblems } from "./bound-service";
import { inPlaceProblems } from "./in-place-upgrade";
import { type FromFile, groupOf, type KubernetesObject, nameOf } from "./objects";
import { inside, problemOf, type Refusal } from "./problem-of";

type Config = Pick<EnvironmentConfig, "services" | "rollout">;
type Rule = (object: KubernetesObject, all: readonly KubernetesObject[], config: Config) => Refusal | null;

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

/** Pulumi knows an object by its service, namespace and name in one text: `web` in `api-shop` and `web-api` in `shop`. */
function namesRunTogether(
  byService: readonly { readonly service: ServiceConfig; readonly objects: readonly FromFile[] }[],
): Problem[] {
  const seen = new Map<string, string>();
  return byService.flatMap(({ service, objects }) =>
    objects.flatMap((one) => {
      const { apiVersion, kind, metadata } = one.object;
      const namespace = metadata.namespace === undefined ? "" : `${metadata.namespace}/`;
      const known = `${apiVersion} ${kind} ${service.name}-${namespace}${metadata.name}`;
      const other = seen.get(known) ?? service.name;
      seen.set(known, other);
      return other === service.name
        ? []
        : [
            problemOf(one, {
              value: metadata.name,
              rule: `can't be told from an object of service '${other}': service, namespace and name run together`,
              remedy: "Give the object, or its namespace, another name",
            }),
          ];
    }),
  );
}

/** The role would be nobody's. What makes no pods here (an operator's object) may still run some as the account. */
function accountProblems(service: ServiceConfig, key: string, objects: readonly FromFile[]): Problem[] {
  const account = hasRole(service) ? accountNameOf(service) : null;
  const accounts = objects.flatMap(({ object }) => {
    const pod = object.kind === "Pod" ? object.spec : inside(object.spec, "template", "spec");
    return isObject(pod) && object.metadata.namespace === service.namespace
      ? [pod["serviceAccountName"] ?? "default"]
      : [];
  });
  if (account === null || accounts.length === 0 || accounts.includes(account)) return [];
  return [
    {
      path: `${key.replace(/\.\w+$/, "")}.serviceAccount.name`,
      value: account,
      rule: `is the ServiceAccount of no pod in namespace ${service.namespace} of these files: nobody would have the role`,
      remedy: `Write the one that they run as (${[...new Set(accounts.map(String))].join(", ")}), or let them run as it`,
    },
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
  const inPlace = config.rollout.strategy === "cycle" ? inPlaceProblems(all) : [];
  const accounts = byService.flatMap((one) => accountProblems(one.service, one.key, one.objects));
  return [...refused, ...twice(all), ...namesRunTogether(byService), ...services, ...accounts, ...inPlace];
}
