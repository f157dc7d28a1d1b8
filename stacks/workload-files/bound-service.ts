/** What must hold of the Service that is bound, and of the pods behind it. Pure. */
import { isObject } from "../../components/internal/plain-object";
import type { Problem } from "../../components/internal/problems";
import { targetGroupsOf, type TargetGroupSpec } from "../config/target-groups";
import type { ServiceConfig } from "../config/types";
import { type FromFile, type KubernetesObject, runsPods } from "./objects";
import { inside, problemOf } from "./problem-of";

const labelsOfPods = (object: KubernetesObject): unknown =>
  object.kind === "Pod" ? object.metadata["labels"] : inside(object.spec, "template", "metadata", "labels");

/** Whether pods of this object are behind a Service with this selector. */
function isBehind(selector: Readonly<Record<string, unknown>>, object: KubernetesObject): boolean {
  const labels = labelsOfPods(object);
  return isObject(labels) && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Whether its pods have one of these labels with another value. */
function contradicts(selector: Readonly<Record<string, unknown>>, object: KubernetesObject): boolean {
  const labels = labelsOfPods(object);
  return isObject(labels) && Object.entries(selector).some(([key, value]) => key in labels && labels[key] !== value);
}

/** What makes pods that the Service selects: those of its own namespace. */
const podsBehind = (
  service: FromFile,
  selector: Readonly<Record<string, unknown>>,
  all: readonly FromFile[],
): readonly FromFile[] =>
  all.filter(
    ({ object }) => object.metadata.namespace === service.object.metadata.namespace && isBehind(selector, object),
  );

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
  const behind = podsBehind(service, selector, all);
  // They may be of another service's files, an operator's, or have labels that only run time gives: no mistake is seen.
  if (behind.length === 0 && here.some(({ object }) => contradicts(selector, object)))
    return [
      problemOf(service, {
        value: selector,
        rule: "selects no pod: those of these files have another value of such a label, so no target would be there",
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

/** Numbers of the containers' ports with this name, in pods behind the Service. */
const numbersOf = (name: unknown, behind: readonly FromFile[]): unknown[] =>
  behind.flatMap(({ object }) => {
    const pod = object.kind === "Pod" ? object.spec : inside(object.spec, "template", "spec");
    const containers = inside(pod, "containers");
    return (Array.isArray(containers) ? (containers as unknown[]) : []).flatMap((container) => {
      const ports = inside(container, "ports");
      return (Array.isArray(ports) ? (ports as unknown[]) : [])
        .filter((port) => inside(port, "name") === name)
        .map((port) => inside(port, "containerPort"));
    });
  });

/** A port that is bound leads over TCP to the port of the pods that the load balancer is let in to. */
function portProblems(
  service: FromFile,
  port: unknown,
  { servicePort, targetPort }: TargetGroupSpec,
  all: readonly FromFile[],
): Problem[] {
  const protocol = inside(port, "protocol") ?? "TCP";
  if (protocol !== "TCP")
    return [
      problemOf(service, {
        value: protocol,
        rule: `is the protocol of port ${servicePort}, which is bound: targets are reached over TCP`,
        remedy: "Name a TCP port with services[].servicePort",
      }),
    ];
  const selector = inside(service.object.spec, "selector");
  const to = inside(port, "targetPort") ?? servicePort;
  const behind = isObject(selector) ? podsBehind(service, selector, all) : [];
  const numbers = typeof to === "number" ? [to] : numbersOf(to, behind);
  const other = numbers.find((number) => number !== targetPort);
  return other === undefined
    ? []
    : [
        problemOf(service, {
          value: to,
          rule:
            `is where port ${servicePort} leads to (${String(other)}), and services[].targetPort is ${targetPort}: ` +
            "the load balancer is let in to that one alone",
          remedy: `Set services[].targetPort to ${String(other)}, or correct the Service`,
        }),
      ];
}

/** The bound Service is among the objects, selects pods and has the ports. `key`: the config's, as services[0].manifests. */
export function serviceProblems(service: ServiceConfig, key: string, all: readonly FromFile[]): Problem[] {
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
  const declared: unknown[] = Array.isArray(spec?.["ports"]) ? spec["ports"] : [];
  const ports = declared.map((port) => inside(port, "port"));
  if (spec?.["type"] === "ExternalName")
    return [
      problemOf(found, {
        value: "type: ExternalName",
        rule: "leads to a name, and has no pods that could be targets",
        remedy: "Bind a Service with a selector",
      }),
    ];
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
    // Nodes are the targets otherwise, at a port that Kubernetes chooses.
    ...specs.flatMap((one) => {
      const port = declared.find((each) => inside(each, "port") === one.servicePort);
      return port === undefined || one.targetType === "instance" ? [] : portProblems(found, port, one, all);
    }),
  ];
}
