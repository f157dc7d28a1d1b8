/**
 * One look at AWS and Kubernetes: gathered through the ports, handed to the deciders as data. Each target group is
 * asked once a round.
 */
import type { EnvironmentOutputs, MemberOutputs, MemberServiceOutputs } from "../../stacks/contract";
import type { EnvironmentConfig } from "../../stacks/config";
import { groupOfMember, groupRefsOf, hasPartIn, onePerPort, type GroupRefs } from "../../stacks/config/group-refs";
import { DriverError } from "../errors";
import type {
  AddonStatus,
  AlarmState,
  Binding,
  ControllerState,
  DeploymentState,
  Ports,
  ProbeResult,
  Target,
} from "../ports";
import type { ExternalWorkload, ReadyObject } from "../ports/external-workload";
import { isFromFiles, isManaged, lookedForAs } from "../../stacks/config/target-groups";
import { probeHeaders, probeUrl, serviceOfPort } from "./probe-requests";
import { isWeighted, routesOf, weightsByPort, type WeightsByPort } from "./route-weights";

/** What the cluster of a member tells of one service: bindings, pods and the controller's notes. */
export interface MemberServiceObservation {
  /** The binding that the member's stack declared; null when it declared none. */
  readonly declaredBinding: string | null;
  /**
   * True: the controller made the binding for the primary's Service, and it stays while the member stands by. Absent:
   * false.
   */
  readonly stays?: boolean;
  /** Every binding of the service's target group in the cluster, whoever made it. */
  readonly bindings: readonly Binding[];
  /** What its controller has written down as its own targets; null: no such ConfigMap. */
  readonly recorded: readonly string[] | null;
  /**
   * What the controller has to register, as the cluster has it: ready pods' `ip:port`, or `i-…:NodePort`; none while no
   * pod is ready.
   */
  readonly endpoints: readonly string[];
  readonly deployment: DeploymentState | null;
  /** A workload that this package has not written; absent: it has, or workloads were not asked for. */
  readonly external?: ObservedExternal;
  /** Of our own workload; 0 for one that somebody else keeps. */
  readonly pods: number;
}
/** A workload that somebody else deploys, or the stack from files, with what the config says of it. */
export interface ObservedExternal extends ExternalWorkload {
  /** The member's stack makes it of these. Absent: somebody else deploys it. */
  readonly fromFiles?: "manifests" | "chart";
  /** Its Service as `namespace/name`. */
  readonly serviceName: string;
  /** The port of it that is bound. */
  readonly servicePort: number;
  /** Whether its images must be those of the members that serve. */
  readonly comparesImages: boolean;
}
/** What EKS and the API server tell of a cluster. */
export interface ObservedCluster {
  readonly status: string;
  /** EKS's. */
  readonly version: string | null;
  /** The API server's own. */
  readonly apiVersion: string;
  readonly addons: readonly AddonStatus[];
}
/** One look at a member. */
export interface MemberObservation {
  readonly name: string;
  /** Its cluster's, which is also its context's in remedies. */
  readonly clusterName: string;
  readonly reachable: boolean;
  /** Why it is not reachable; empty when it is. */
  readonly problem: string;
  /**
   * Only of one that is not reachable: it could not be asked (401, 403, no login), which says nothing of whether it
   * lives. What to do about it. Absent: no answer came.
   */
  readonly refusal?: string;
  readonly nodes: { readonly ready: number; readonly total: number; readonly minors: readonly string[] } | null;
  /** As EKS and the API server have it; absent when it was not asked for, null when EKS has no such cluster. */
  readonly cluster?: ObservedCluster | null;
  readonly controller: ControllerState | null;
  /**
   * What the user's own program wants to be there and well before the member is let in. Absent: nothing, or workloads
   * were not asked for.
   */
  readonly awaited?: readonly ReadyObject[];
  /** By the key of the target group in which the member serves; empty when it is not reachable. */
  readonly services: Readonly<Record<string, MemberServiceObservation>>;
}
/** One look at AWS and at all members: what gates and plans judge. Nothing in it is taken from the record. */
export interface Observation {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Targets by target group key; null: AWS did not answer. */
  readonly groups: Readonly<Record<string, readonly Target[] | null>>;
  /** What each of these groups serves, and for whom. */
  readonly groupOf: GroupRefs;
  readonly members: Readonly<Record<string, MemberObservation>>;
  /** By the service's port; absent when no probe was asked for. */
  readonly probes: Readonly<Record<string, ProbeResult>>;
  /** Weights of the members' groups. null: AWS did not tell; absent: nobody asked, or traffic is not weighted. */
  readonly weights?: WeightsByPort | null;
  /** null: none asked for, or CloudWatch did not answer. */
  readonly alarms: Readonly<Record<string, AlarmState>> | null;
  /** Errors of calls whose answers are missing, for messages. */
  readonly problems: readonly string[];
}

/** The target groups that may have targets of this member. */
export const groupsOfMember = ({ groups, groupOf }: Pick<Observation, "groups" | "groupOf">, member: string) =>
  Object.keys(groups).filter((key) => hasPartIn(groupOf, key, member));

/** What a round asks for beyond the target groups, bindings, records and endpoints. */
export interface Wants {
  readonly infrastructure: boolean;
  /** The member whose control plane and add-ons are looked at too. */
  readonly cluster?: string;
  readonly workload: boolean;
  readonly probes: number;
  /** Weights of the members' groups, where traffic is weighted. Absent: no. */
  readonly weights?: true;
  readonly alarms: readonly string[];
}
export const plainLook: Wants = { infrastructure: false, workload: false, probes: 0, alarms: [] };

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);

/** Why a member that is not reachable tells nothing, for messages. */
export const silence = ({ name, problem, refusal }: Pick<MemberObservation, "name" | "problem" | "refusal">): string =>
  refusal === undefined ? `${name}'s API server does not answer: ${problem}` : `${name} can't be asked: ${problem}`;

/** Swallows the errors that are about the outside world; anything else is a mistake and goes on up. */
async function attempt<T>(problems: string[], work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DriverError) || error.code === "EBG-CREDENTIALS") throw error;
    problems.push(textOf(error));
    return null;
  }
}

/**
 * Nodes are registered whether or not a pod serves: without a ready pod they are no endpoints of the service all the
 * same.
 */
async function expectedTargets(
  { kubernetes }: Ports,
  member: MemberOutputs,
  service: MemberServiceOutputs,
): Promise<readonly string[]> {
  const pods = kubernetes.readyEndpoints(member, service.namespace, service.service, service.servicePort);
  if (service.targetType !== "instance") return await pods;
  // The primary's nodes are registered by the node ports of the Service that has the load balancer, whose ports are the
  // listeners'.
  const [name, port] =
    service.loadBalancerService == null
      ? [service.service, service.servicePort]
      : [service.loadBalancerService, service.loadBalancerServicePort ?? service.servicePort];
  const [ready, nodes] = await Promise.all([pods, kubernetes.nodeTargets(member, service.namespace, name, port)]);
  return ready.length === 0 ? [] : nodes;
}

/** null: it is ours, or there is no such service any more. */
async function observeExternal(
  { kubernetes }: Ports,
  member: MemberOutputs,
  key: string,
  config: Pick<EnvironmentConfig, "services">,
): Promise<ObservedExternal | null> {
  const outputs = member.services[key];
  if (outputs === undefined || isManaged(outputs)) return null;
  const { namespace, service, servicePort } = outputs;
  const configured = serviceOfPort(config, key);
  const wanted = configured === undefined ? undefined : lookedForAs(configured);
  const ofFiles = member.workloadFiles?.ready[configured?.name ?? ""] ?? [];
  const ready = [...ofFiles, ...(wanted?.ready ?? [])];
  return {
    ...(await kubernetes.externalWorkload(member, { namespace, service, ready })),
    ...(isFromFiles(outputs) ? { fromFiles: outputs.workload } : {}),
    serviceName: `${namespace}/${service}`,
    servicePort,
    comparesImages: wanted?.images !== "any",
  };
}

async function observeService(
  ports: Ports,
  member: MemberOutputs,
  [key, service]: readonly [key: string, service: MemberServiceOutputs],
  all: readonly Binding[],
  wants: Wants,
  config: Pick<EnvironmentConfig, "services">,
): Promise<MemberServiceObservation> {
  const { kubernetes } = ports;
  const bindings = all.filter((binding) => binding.targetGroupArn === service.targetGroupArn);
  // Between an update's answer and its outputs, or after a kill, the cluster knows of a binding that the outputs do
  // not.
  const names = bindings.map((binding) => binding.name);
  if (service.binding !== null && !names.includes(service.binding)) names.push(service.binding);
  const [recorded, endpoints, deployment, pods, external] = await Promise.all([
    Promise.all(names.map((name) => kubernetes.recordedTargets(member, service.namespace, name))),
    expectedTargets(ports, member, service),
    wants.workload && service.deployment !== null
      ? kubernetes.deployment(member, service.namespace, service.deployment)
      : null,
    // Without labels the workload is somebody else's: its pods are not ours to stop, and an empty selector would select
    // the whole namespace.
    wants.workload && Object.keys(service.selector).length > 0
      ? kubernetes.pods(member, service.namespace, service.selector)
      : 0,
    wants.workload ? observeExternal(ports, member, key, config) : null,
  ]);
  const known = recorded.filter((targets) => targets !== null);
  return {
    declaredBinding: service.binding,
    ...(service.boundBy === "load-balancer-service" ? { stays: true } : {}),
    bindings,
    recorded: known.length === 0 ? null : [...new Set(known.flat())],
    endpoints,
    deployment,
    ...(external === null ? {} : { external }),
    pods,
  };
}

async function observeCluster({ aws, kubernetes }: Ports, member: MemberOutputs): Promise<ObservedCluster | null> {
  const [api, cluster, addons] = await Promise.all([
    kubernetes.ready(member),
    aws.clusterStatus(member.clusterName),
    aws.addons(member.clusterName),
  ]);
  return cluster === null ? null : { ...cluster, apiVersion: api.version, addons };
}

async function observeMember(
  ports: Ports,
  groupOf: GroupRefs,
  name: string,
  member: MemberOutputs,
  wants: Wants,
  config: Pick<EnvironmentConfig, "services">,
): Promise<MemberObservation> {
  const { kubernetes } = ports;
  try {
    const marked = wants.workload ? (member.extension?.beforeAdmission ?? []) : [];
    const [bindings, cluster, nodes, controller, awaited] = await Promise.all([
      kubernetes.bindings(member),
      wants.cluster === name
        ? observeCluster(ports, member)
        : wants.infrastructure
          ? kubernetes.ready(member).then(() => undefined)
          : undefined,
      wants.infrastructure ? kubernetes.nodes(member) : null,
      wants.infrastructure ? kubernetes.controller(member) : null,
      marked.length === 0 ? undefined : kubernetes.objects(member, marked),
    ]);
    const services = await Promise.all(
      Object.entries(member.services).map(
        async ([port, service]) =>
          [
            groupOfMember(groupOf, port, name),
            await observeService(ports, member, [port, service], bindings, wants, config),
          ] as const,
      ),
    );
    return {
      name,
      clusterName: member.clusterName,
      reachable: true,
      problem: "",
      nodes,
      controller,
      ...(cluster === undefined ? {} : { cluster }),
      ...(awaited === undefined ? {} : { awaited }),
      services: Object.fromEntries(services),
    };
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    // Only silence is a sign of a dead cluster: a refused login is about the caller.
    const refusal =
      error.code === "EBG-KUBERNETES" || error.code === "EBG-CREDENTIALS" ? { refusal: error.remedy } : {};
    return {
      name,
      clusterName: member.clusterName,
      reachable: false,
      problem: textOf(error),
      ...refusal,
      nodes: null,
      controller: null,
      services: {},
    };
  }
}

/**
 * One round. Calls that fail leave a null and a line in `problems`; a member that does not answer, or refuses to, is
 * `reachable: false`.
 */
export async function observe(
  ports: Ports,
  environment: EnvironmentOutputs,
  members: Readonly<Record<string, MemberOutputs>>,
  wants: Wants,
): Promise<Observation> {
  const problems: string[] = [];
  const services = Object.values(environment.loadBalancer.services);
  const groupOf = groupRefsOf(environment.loadBalancer.services);
  const asksWeights = wants.weights === true && isWeighted(groupOf);
  const [groups, seen, probes, alarms, weights] = await Promise.all([
    Promise.all(
      services.map(
        async (service) => [service.name, await attempt(problems, ports.aws.targets(service.targetGroupArn))] as const,
      ),
    ),
    Promise.all(
      Object.entries(members).map(
        async ([name, member]) =>
          [name, await observeMember(ports, groupOf, name, member, wants, environment.config)] as const,
      ),
    ),
    Promise.all(
      wants.probes === 0
        ? []
        : onePerPort(groupOf).map(
            async ({ port }) =>
              [
                port,
                await ports.aws.probe(probeUrl(environment, port), wants.probes, probeHeaders(environment, port)),
              ] as const,
          ),
    ),
    wants.alarms.length === 0 ? null : attempt(problems, ports.aws.alarms(wants.alarms)),
    asksWeights ? attempt(problems, ports.aws.weights(routesOf(environment.loadBalancer.services))) : null,
  ]);
  return {
    at: ports.clock.now(),
    groups: Object.fromEntries(groups),
    groupOf,
    members: Object.fromEntries(seen),
    probes: Object.fromEntries(probes),
    ...(asksWeights
      ? { weights: weights === null ? null : weightsByPort(environment.loadBalancer.services, weights) }
      : {}),
    alarms,
    problems,
  };
}
