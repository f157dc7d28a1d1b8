/** Looks at everything that an adoption depends on: before it begins, and between its steps. Reads only. */
import type { EnvironmentConfig, ServiceConfig } from "../../stacks/config";
import type { MemberOutputs } from "../../stacks/contract";
import type { Adoption } from "../../stacks/record/adoption";
import type { EnvironmentRecord } from "../../stacks/record";
import { loadBalancerServiceOf, targetGroupsOf } from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import type { Ports, Target } from "../ports";
import { typeAnnotation, type AdoptLook } from "./next-step";
import { controllersLabels, controllersTags, serviceFinalizer, type Surroundings } from "./preconditions";

export interface AdoptFamily {
  readonly config: EnvironmentConfig;
  readonly record: EnvironmentRecord;
  readonly primary: MemberOutputs;
  readonly members: Readonly<Record<string, MemberOutputs>>;
  readonly probes: boolean;
}

const probeCount = 4;
/** Codes of what the outside world may get over by itself. */
export const mayPass: ReadonlySet<string> = new Set(["EBG-UPDATE-FAILED", "EBG-DEADLINE", "EBG-KUBERNETES", "EBG-AWS"]);
/** Only what the outside world refuses; anything else is a mistake. */
function outside(error: unknown): DriverError {
  if (error instanceof DriverError && error.code !== "EBG-CREDENTIALS") return error;
  throw error;
}

async function probe(
  ports: Ports,
  family: AdoptFamily,
  dnsName: string,
  listenerPorts: readonly number[],
  path: string,
): Promise<string | null> {
  if (!family.probes) return null;
  const results = await Promise.all(
    listenerPorts.map((port) => ports.aws.probe(`http://${dnsName}:${port}${path}`, probeCount)),
  );
  const failed = results.find((result) => result.failed > 0);
  return failed === undefined
    ? null
    : `${failed.failed} of ${failed.sent} requests to ${dnsName} failed: ${failed.firstFailure ?? ""}`;
}

export async function surroundingsOf(ports: Ports, family: AdoptFamily, service: ServiceConfig): Promise<Surroundings> {
  const { kubernetes, aws } = ports;
  const { primary, config } = family;
  const specs = targetGroupsOf(config).filter((spec) => spec.service === service.name);
  const name = loadBalancerServiceOf(service);
  const { namespace } = service;
  const unreachable: Record<string, string> = {};
  await Promise.all(
    Object.entries(family.members).map(async ([member, outputs]) =>
      kubernetes.ready(outputs).catch((error: unknown) => void (unreachable[member] = outside(error).message)),
    ),
  );
  const base = {
    primary: primary.member,
    role: family.record.placement[primary.member]?.role ?? "absent",
    clusterName: primary.clusterName,
    service: service.name,
    namespace,
    name,
    keys: new Map(specs.map((spec) => [spec.port, spec.key])),
    unreachable,
  };
  if (unreachable[primary.member] !== undefined)
    return {
      ...base,
      object: null,
      events: [],
      balancer: null,
      bindings: [],
      tags: {},
      targets: {},
      controller: { available: false, message: "not asked" },
      failedProbe: null,
    };
  const found = await aws.findServiceLoadBalancers({ clusterName: primary.clusterName, services: specs });
  const arn = Object.values(found.services)[0]?.loadBalancerArn;
  const [object, events, balancer, bindings, controller] = await Promise.all([
    kubernetes.readService(primary, namespace, name),
    kubernetes.events(primary, namespace, "Service", name),
    arn === undefined ? null : aws.describeLoadBalancer(arn),
    kubernetes.bindingDetails(primary),
    kubernetes.controller(primary),
  ]);
  const resources =
    balancer === null
      ? []
      : [
          balancer.arn,
          ...balancer.listeners.map((one) => one.arn),
          ...balancer.targetGroups.map((one) => one.arn),
          ...balancer.securityGroups.map((one) => one.id),
        ];
  const targets = await Promise.all(
    (balancer?.targetGroups ?? []).map(async (group) => [group.arn, await aws.targets(group.arn)] as const),
  );
  return {
    ...base,
    object,
    events,
    balancer,
    bindings,
    controller,
    tags: await aws.tags(resources),
    targets: Object.fromEntries(targets),
    failedProbe:
      balancer === null
        ? null
        : await probe(
            ports,
            family,
            balancer.dnsName,
            balancer.listeners.map((one) => one.port),
            service.healthCheckPath,
          ),
  };
}

/**
 * Targets of before that are not healthy any more although their pods are ready, or although nobody can say whether
 * they are.
 */
async function lostTargets(ports: Ports, family: AdoptFamily, adoption: Adoption): Promise<string[]> {
  const lost = await Promise.all(
    adoption.before.loadBalancer.targetGroups.map(async (group) => {
      const targets = await ports.aws.targets(group.arn);
      const serving = new Set(
        targets.filter((target: Target) => target.state === "healthy").map((target) => target.id),
      );
      const missing = (adoption.before.targets[group.key] ?? []).filter((id) => !serving.has(id));
      if (missing.length === 0 || group.targetType === "instance") return missing;
      const endpoints = await Promise.all(
        Object.values(family.members).map((member) => {
          const service = member.services[group.key];
          return service === undefined
            ? []
            : ports.kubernetes
                .readyEndpoints(member, service.namespace, service.service, service.servicePort)
                .catch((error: unknown) => void outside(error));
        }),
      );
      if (endpoints.some((one) => one === undefined)) return missing;
      const ready = new Set(endpoints.flatMap((one) => one ?? []));
      return missing.filter((id) => ready.has(id));
    }),
  );
  return lost.flat();
}

async function clusterSide(
  ports: Ports,
  family: AdoptFamily,
  adoption: Adoption,
): Promise<Pick<AdoptLook, "service" | "controller" | "bindings">> {
  const { primary } = family;
  const { namespace, name, labels, loadBalancer } = adoption.before;
  const [object, restart, available, all] = await Promise.all([
    ports.kubernetes.readService(primary, namespace, name),
    ports.kubernetes.controllerRestart(primary),
    ports.kubernetes.controller(primary),
    ports.kubernetes.bindingDetails(primary),
  ]);
  const wanted = loadBalancer.bindings ?? [];
  const own = all.filter((one) =>
    wanted.some((binding) => binding.name === one.name && binding.namespace === one.namespace),
  );
  const labelled = own.filter((one) => Object.keys(controllersLabels(one.labels)).length > 0).length;
  const unlabelled = own.filter((one) =>
    Object.entries(labels[one.name] ?? {}).some(([key, value]) => one.labels[key] !== value),
  ).length;
  return {
    service:
      object === null
        ? null
        : {
            type: object.type,
            loadBalancerClass: object.loadBalancerClass,
            typeAnnotation: object.annotations[typeAnnotation] !== undefined,
            finalizer: object.finalizers.includes(serviceFinalizer),
            deleting: object.deleting,
          },
    controller: { available: available.available && restart.complete, restart: restart.token },
    bindings: {
      labelled,
      unlabelled,
      missing: wanted.filter((binding) => !own.some((one) => one.name === binding.name)).map((binding) => binding.name),
      deleting: own.filter((one) => one.deleting).length,
    },
  };
}

async function tagsOf(ports: Ports, adoption: Adoption): Promise<AdoptLook["tags"]> {
  const before = adoption.before.tags;
  const now = await ports.aws.tags(Object.keys(before));
  return {
    left: Object.keys(before).filter((resource) => Object.keys(controllersTags(now[resource])).length > 0).length,
    missing: Object.entries(before).filter(([resource, tags]) =>
      Object.entries(tags).some(([key, value]) => now[resource]?.[key] !== value),
    ).length,
  };
}

const nothing: Pick<AdoptLook, "service" | "controller" | "bindings"> = {
  service: null,
  controller: { available: false, restart: null },
  bindings: { labelled: 0, unlabelled: 0, missing: [], deleting: 0 },
};

/**
 * Whether the primary's state has every binding: after a kill nobody remembers, and the update may have been done. Its
 * outputs are no
 * proof: an update that fails records those that derive from no resource all the same.
 */
export async function primaryOwnsOf(ports: Pick<Ports, "pulumi">, adoption: Adoption): Promise<boolean> {
  if (adoption.step !== "import-primary" && adoption.step !== "annotations") return false;
  const taken = new Set(await ports.pulumi.adoptedBindings(adoption.service, adoption.member));
  return (adoption.before.loadBalancer.bindings ?? []).every(({ namespace, name }) =>
    taken.has(`${namespace}/${name}`),
  );
}

export async function lookAtAdoption(
  ports: Ports,
  family: AdoptFamily,
  adoption: Adoption,
  done: { readonly forgotten: boolean; readonly annotationsDropped: boolean },
): Promise<AdoptLook> {
  const { loadBalancer } = adoption.before;
  const service = family.config.services.find((one) => one.name === adoption.service);
  let unreachable: string | null = null;
  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const { code, message } = outside(error);
      if (code !== "EBG-MEMBER-UNREACHABLE" && code !== "EBG-KUBERNETES") throw error;
      unreachable = message;
      return otherwise;
    }
  };
  const unseen: string[] = [];
  /** `placeholder` decides nothing: the look says that it was not seen. */
  const told = async <T>(work: Promise<T>, placeholder: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const { code, message } = outside(error);
      if (!mayPass.has(code)) throw error;
      unseen.push(message.split("\n")[0] ?? "");
      return placeholder;
    }
  };
  const [cluster, balancer, tags, lost, failedProbe, owns] = await Promise.all([
    attempt(() => clusterSide(ports, family, adoption), nothing),
    told(
      ports.aws
        .describeLoadBalancer(loadBalancer.arn)
        .then((found) => (found === null ? ("gone" as const) : ("there" as const))),
      "there",
    ),
    told(tagsOf(ports, adoption), { left: 0, missing: 0 }),
    told(lostTargets(ports, family, adoption), []),
    probe(
      ports,
      family,
      loadBalancer.dnsName,
      loadBalancer.listeners.map((one) => one.port),
      service?.healthCheckPath ?? "/",
    ),
    told(primaryOwnsOf(ports, adoption), false),
  ]);
  return {
    at: ports.clock.now(),
    unreachable,
    unseen: unseen[0] ?? null,
    ...cluster,
    tags,
    loadBalancer: balancer,
    lostTargets: lost,
    failedProbe,
    environmentOwns: family.record.ownership?.adopted?.[adoption.service] !== undefined,
    imported: !done.forgotten,
    primaryOwns: owns,
    annotations: done.annotationsDropped ? "dropped" : "declared",
  };
}
