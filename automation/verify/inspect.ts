/** Gathers what `verify` decides over. Whatever can't be read becomes a reading that says why. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { clusterNameOf, ownershipOf } from "../../stacks/config/target-groups";
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import { DriverError } from "../errors";
import { observe } from "../observation/observe";
import { probeHeaders, probeUrl } from "../observation/probe-requests";
import { weightProblems } from "../observation/recorded-weights";
import type { InspectionPort, Ports } from "../ports";
import { ownedServices } from "../environment/load-balancers";
import type { Family } from "../environment/state";
import { identitiesWanted } from "../rollout/prove-identities";
import type { Inspection, MemberInspection } from "./inspection";
import { seen, unseen, type LoadBalancerReading, type Reading, type Sample } from "../ports/readings";

export interface SampleSize {
  readonly requests: number;
  readonly concurrency: number;
}
export interface VerifyPorts extends Ports {
  readonly inspection: InspectionPort;
}

async function attempt<T>(work: () => Promise<T>): Promise<Reading<T>> {
  try {
    return seen(await work());
  } catch (error) {
    if (
      !(error instanceof DriverError) ||
      (error.code === "EBG-CREDENTIALS" && !/AccessDenied|Unauthorized/.test(error.message))
    )
      throw error;
    return unseen(error.message.split("\n")[0] ?? error.code);
  }
}

const entries = async <T>(keys: readonly string[], read: (key: string) => Promise<T>): Promise<Record<string, T>> =>
  Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));

/** The load balancer of one target group: the shared one, or the one that its Service has. */
export function loadBalancerOf(environment: EnvironmentOutputs, key: string): string {
  return environment.loadBalancer.services[key]?.loadBalancerArn ?? environment.loadBalancer.arn ?? "";
}

async function readIdentities({ kubernetes }: Ports, member: MemberOutputs): Promise<Partial<MemberInspection>> {
  const identities = await Promise.all(
    identitiesWanted(member).map(async ({ namespace, deployment, account, selector }) => ({
      ...{ namespace, deployment, account },
      pods: await attempt(() => kubernetes.podIdentities(member, namespace, selector, account)),
    })),
  );
  return identities.length === 0 ? {} : { identities };
}

async function inspectMember(ports: VerifyPorts, member: MemberOutputs): Promise<MemberInspection> {
  const { inspection } = ports;
  const [identities, crds, bindingTimes, workloads] = await Promise.all([
    readIdentities(ports, member),
    attempt(() => inspection.bindingCrds(member)),
    attempt(() => inspection.bindingTimes(member)),
    entries(Object.keys(member.services), async (key) => {
      const { namespace, deployment, service } = member.services[key] ?? { namespace: "", deployment: "", service: "" };
      const reading = await attempt(() =>
        deployment === null
          ? inspection.workloadBehind(member, namespace, service)
          : inspection.workload(member, namespace, deployment),
      );
      if (reading.kind === "unknown") return reading;
      const what = deployment === null ? `Service ${namespace}/${service}` : `Deployment ${namespace}/${deployment}`;
      return reading.value === null ? unseen(`there is no ${what}`) : seen(reading.value);
    }),
  ]);
  return { crds, bindingTimes, workloads, ...identities };
}

/** What the Services say that own load balancers: AWS's attributes alone don't bind their controller. */
async function readOwners(
  ports: VerifyPorts,
  { environment, record, members }: Family,
): Promise<Inspection["loadBalancerServices"]> {
  const ownership = ownershipOf(record, environment.config);
  const primary = ownership.primary ?? "";
  return Object.fromEntries(
    await Promise.all(
      ownedServices(environment.config, ownership).map(async ({ namespace, loadBalancerService: name }) => {
        const member = members[primary];
        const reading =
          member === undefined
            ? unseen(`${primary} has no outputs`)
            : await attempt(async () => ({
                member: primary,
                namespace,
                name,
                annotations: (await ports.kubernetes.readService(member, namespace, name))?.annotations ?? null,
              }));
        return [`${namespace}/${name}`, reading] as const;
      }),
    ),
  );
}

/** A workload that somebody else deploys may know the name of its cluster alone: that is the member's as well. */
export function byMember(
  byName: Readonly<Record<string, number>>,
  environment: Pick<EnvironmentOutputs, "environment" | "config">,
  members: readonly string[],
): Record<string, number> {
  const answers: Record<string, number> = {};
  for (const [name, count] of Object.entries(byName)) {
    const of = members.includes(name) ? name : members.find((one) => clusterNameOf(environment, one) === name);
    answers[of ?? name] = (answers[of ?? name] ?? 0) + count;
  }
  return answers;
}

/** One port after the other: they may share their pods, and what is wanted is who answers, not how much they bear. */
async function sampleAll(
  ports: VerifyPorts,
  environment: EnvironmentOutputs,
  members: readonly string[],
  size: SampleSize,
  tell: (message: string) => void,
): Promise<Record<string, Reading<Sample>>> {
  const samples: Record<string, Reading<Sample>> = {};
  for (const { port: key } of onePerPort(groupRefsOf(environment.loadBalancer.services))) {
    if (size.requests === 0)
      samples[key] = unseen("no requests were asked for (--requests 0, or EKS_BLUE_GREEN_PROBE=off)");
    else {
      tell(`sending ${size.requests} requests to '${key}', ${size.concurrency} at a time, each on a new connection`);
      samples[key] = await attempt(async () => {
        const sample = await ports.inspection.sample(
          probeUrl(environment, key),
          size.requests,
          size.concurrency,
          probeHeaders(environment, key),
        );
        return { ...sample, byName: byMember(sample.byName, environment, members) };
      });
    }
  }
  return samples;
}

export async function look(
  ports: VerifyPorts,
  family: Family,
  size: SampleSize,
  tell: (message: string) => void,
): Promise<Inspection> {
  const { environment, record, members } = family;
  tell("looking at AWS and the members' clusters");
  const keys = Object.keys(environment.loadBalancer.services);
  const arns = [...new Set(keys.map((key) => loadBalancerOf(environment, key)))].filter((arn) => arn !== "");
  const groupArns = keys
    .map((key) => environment.loadBalancer.services[key]?.targetGroupArn ?? "")
    .filter((arn) => arn !== "");
  const [observation, inspected, loadBalancers, targetGroups, loadBalancerServices, tags] = await Promise.all([
    observe(ports, environment, members, {
      infrastructure: true,
      workload: true,
      probes: 0,
      weights: true,
      alarms: [],
    }),
    entries(Object.keys(members), async (name) => await inspectMember(ports, members[name] as MemberOutputs)),
    entries(arns, (arn) => attempt(() => ports.inspection.loadBalancer(arn))),
    entries(keys, (key) =>
      attempt(() => ports.inspection.targetGroup(environment.loadBalancer.services[key]?.targetGroupArn ?? "")),
    ),
    readOwners(ports, family),
    attempt(() => ports.aws.tags([...arns, ...groupArns])),
  ]);
  const registered = Object.values(observation.groups)
    .flatMap((targets) => targets ?? [])
    .map((target) => target.id);
  const endpoints = Object.values(observation.members).flatMap((member) =>
    Object.values(member.services).flatMap((service) => service.endpoints),
  );
  const targets = [...new Set([...registered, ...endpoints])];
  const interfaces = await attempt(() => ports.inspection.interfaces(targets, environment.network.vpcId));
  const groups = [
    ...Object.values(loadBalancers).flatMap(groupsOf),
    ...(interfaces.kind === "seen" ? Object.values(interfaces.value).flatMap((one) => one.securityGroups) : []),
  ];
  const rules = await attempt(() => ports.inspection.securityGroupRules([...new Set(groups)]));
  const samples = await sampleAll(ports, environment, Object.keys(record.placement), size, tell);
  return {
    environment,
    placement: record.placement,
    moving: record.intent?.move.member ?? null,
    outputs: members,
    observation,
    members: inspected,
    loadBalancers,
    loadBalancerServices,
    targetGroups,
    tags,
    adopted: Object.keys(ownershipOf(record, environment.config).adopted ?? {}).length > 0,
    interfaces,
    rules,
    wrongWeights: weightProblems(observation, record),
    samples,
  };
}

const groupsOf = (reading: Reading<LoadBalancerReading>): readonly string[] =>
  reading.kind === "seen" ? reading.value.securityGroups : [];
