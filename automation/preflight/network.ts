/**
 * Whether the network has what new clusters need: zones in which EKS makes control planes, subnets with room, and zones
 * that the load balancer covers. What is missing would only show when EKS refuses a cluster or targets stay unused.
 */
import { freeAddresses, zonesWithoutControlPlanes } from "../../components/internal/aws-limits";
import type { EnvironmentConfig } from "../../stacks/config";
import { loadBalancerSubnetsOf } from "../../stacks/config/load-balancer-subnets";
import { memberSubnetsOf, memberZonesOf } from "../../stacks/config/member-subnets";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";
import type { Ports } from "../ports";
import type { NetworkReading, SubnetReading, ZoneReading } from "../ports/readings";
import { shell } from "../text/shell";
import { unlessDisturbed } from "./unless-disturbed";

export interface NetworkQuestion {
  readonly region: string;
  /** As it is wanted. */
  readonly config: EnvironmentConfig;
  /** What is there of a VPC that this project makes; null: the environment was never deployed. */
  readonly deployed: { readonly zones: readonly string[]; readonly privateSubnetIds: readonly string[] } | null;
  /** Members whose clusters are to be made. */
  readonly makes: readonly string[];
  /** Members whose control planes are to be upgraded in place, with their clusters' subnets. */
  readonly upgrades: Readonly<Record<string, readonly string[]>>;
  /** A rollout has begun: half-way is the worst place to stop, so all that is found is advice. */
  readonly underWay: boolean;
}
type Answer = Exclude<NetworkReading, "denied">;

const preflightFinding = (severity: Finding["severity"], message: string, remedy: string): Finding => ({
  code: "EBG-PREFLIGHT",
  severity,
  message,
  remedy,
});
/** Nothing that runs is stopped by what only new clusters need. */
const severityOf = ({ makes }: NetworkQuestion): Finding["severity"] => (makes.length > 0 ? "required" : "recommended");

/** Subnets of clusters that are made from now on; those of a VPC that is not there yet are not known. */
function subnetsOfNewMembers({ config, deployed }: NetworkQuestion): readonly string[] {
  if (config.network.existing !== null) return config.network.existing.privateSubnetIds;
  return deployed === null ? [] : memberSubnetsOf(config, deployed.privateSubnetIds);
}

/** Subnets of an existing VPC that the load balancer is in, where this project says it. */
const balancerSubnets = ({ config }: NetworkQuestion): readonly string[] =>
  config.loadBalancer?.owner === "service" ? [] : (loadBalancerSubnetsOf(config) ?? []);

/** All subnets that the answer must have. */
export const subnetsAskedFor = (question: NetworkQuestion): string[] => [
  ...new Set([
    ...subnetsOfNewMembers(question),
    ...balancerSubnets(question),
    ...Object.values(question.upgrades).flat(),
  ]),
];

/** Whether zones have to be known: of a VPC that is there already, only for what is made in it. */
export const asksZones = ({ config, deployed, makes }: NetworkQuestion): boolean =>
  config.network.existing === null &&
  (makes.length > 0 || config.network.availabilityZones.some((name) => deployed?.zones.includes(name) !== true));

const servesMembers = (zoneId: string): boolean => !zonesWithoutControlPlanes.ids.some((id) => id === zoneId);
const written = (names: readonly string[]): string => `[${names.join(", ")}]`;

/** Zones of a VPC that this project makes. Those that are deployed can't be taken out, but members need not use them. */
function zoneFindings(question: NetworkQuestion, zones: readonly ZoneReading[]): Finding[] {
  const { config, deployed, region } = question;
  const wanted = config.network.availabilityZones;
  const usable = zones.filter(({ id }) => servesMembers(id)).map(({ name }) => name);
  const others = `choose among ${listing(usable, 8)} (network.availabilityZones)`;
  const members = memberZonesOf(config);
  return wanted.flatMap((name): Finding[] => {
    const isDeployed = deployed?.zones.includes(name) === true;
    const known = zones.find((zone) => zone.name === name);
    if (known === undefined)
      return isDeployed
        ? []
        : [
            preflightFinding(
              "required",
              `EC2 does not list ${name} among the zones of ${region} that this account may use`,
              others,
            ),
          ];
    if (servesMembers(known.id) || !members.includes(name)) return [];
    const rest = members.filter((one) => one !== name);
    return [
      preflightFinding(
        isDeployed ? severityOf(question) : "required",
        `${name} is ${known.id} in this account, and EKS makes no control plane with a subnet there`,
        isDeployed
          ? `leave the zone to the load balancer: network.memberZones: ${written(rest)}` +
              (rest.length < 2 ? ", with a further zone, which goes behind those of network.availabilityZones" : "")
          : others,
      ),
    ];
  });
}

/** Subnets of an existing VPC: there, in it, and in zones that EKS and the load balancer serve. */
function existingFindings(question: NetworkQuestion, byId: ReadonlyMap<string, SubnetReading>): Finding[] {
  const { existing } = question.config.network;
  if (existing === null) return [];
  const severity = severityOf(question);
  const findings: Finding[] = [];
  const add = (message: string, remedy: string): void =>
    void findings.push(preflightFinding(severity, message, remedy));
  const members = existing.privateSubnetIds;
  const balancer = balancerSubnets(question);
  for (const id of new Set([...members, ...balancer])) {
    const subnet = byId.get(id);
    if (subnet === undefined)
      add(`there is no subnet ${id} in this account and region`, `correct network.existing: ${lookAt(existing.vpcId)}`);
    else if (subnet.vpcId !== existing.vpcId)
      add(
        `subnet ${id} is in ${subnet.vpcId}, not in ${existing.vpcId}`,
        `correct network.existing: ${lookAt(existing.vpcId)}`,
      );
  }
  for (const id of members) {
    const subnet = byId.get(id);
    if (subnet !== undefined && !servesMembers(subnet.zoneId))
      add(
        `subnet ${id} is in ${subnet.zone} (${subnet.zoneId}), and EKS makes no control plane with a subnet there`,
        "take it out of network.existing.privateSubnetIds; members that run keep their subnets",
      );
  }
  return [...findings, ...coverFindings(severity, members, balancer, byId)];
}

const lookAt = (vpcId: string): string => shell`aws ec2 describe-subnets --filters ${`Name=vpc-id,Values=${vpcId}`}`;

/** A target in a zone that its load balancer is not in stays unused for ever (`Target.NotInUse`). */
function coverFindings(
  severity: Finding["severity"],
  members: readonly string[],
  balancer: readonly string[],
  byId: ReadonlyMap<string, SubnetReading>,
): Finding[] {
  if (balancer.length === 0) return [];
  const zoneOf = (id: string): string | undefined => byId.get(id)?.zone;
  const findings: Finding[] = [];
  const covered = new Map<string, string>();
  for (const id of balancer) {
    const zone = zoneOf(id);
    const first = zone === undefined ? undefined : covered.get(zone);
    if (zone !== undefined && first === undefined) covered.set(zone, id);
    else if (zone !== undefined)
      findings.push(
        preflightFinding(
          "required",
          `the load balancer's subnets ${first} and ${id} are both in ${zone}, and it takes one a zone`,
          "list one of the two (network.existing.loadBalancerSubnetIds)",
        ),
      );
  }
  for (const id of members) {
    const zone = zoneOf(id);
    if (zone !== undefined && !covered.has(zone))
      findings.push(
        preflightFinding(
          severity,
          `the load balancer has no subnet in ${zone}, so it sends nothing to pods and nodes in ${id}`,
          `add a subnet of ${zone} at the end of network.existing.loadBalancerSubnetIds (now ` +
            `${written(balancer)}), or take ${id} out of network.existing.privateSubnetIds`,
        ),
      );
  }
  return findings;
}

/** What new clusters need at least, and what an upgrade of a control plane needs. */
function roomFindings(question: NetworkQuestion, byId: ReadonlyMap<string, SubnetReading>): Finding[] {
  const { makes, upgrades, config } = question;
  const free = (ids: readonly string[]): number => ids.reduce((sum, id) => sum + (byId.get(id)?.freeAddresses ?? 0), 0);
  const subnets = subnetsOfNewMembers(question).filter((id) => byId.has(id));
  const remedy = config.network.existing === null ? "free addresses in them" : "free addresses, or list larger subnets";
  const findings: Finding[] = [];
  if (makes.length > 0 && subnets.length > 0) {
    const tight = subnets.filter((id) => free([id]) < freeAddresses.newCluster * makes.length);
    if (tight.length > 0)
      findings.push(
        preflightFinding(
          "required",
          `EKS needs ${freeAddresses.newCluster} free addresses in each subnet of a new cluster (${makes.join(", ")}): ` +
            tight.map((id) => `${id} has ${free([id])}`).join(", "),
          remedy,
        ),
      );
    const nodes = config.cluster.nodes.desiredSize;
    const pods = config.services.reduce((sum, { replicas }) => sum + replicas, 0);
    const needed = makes.length * (nodes + pods + freeAddresses.newCluster * subnets.length);
    if (tight.length === 0 && free(subnets) < needed)
      findings.push(
        preflightFinding(
          "recommended",
          `the subnets of ${makes.join(", ")} have ${free(subnets)} free addresses; control plane, ${nodes} nodes and ` +
            `${pods} pods of a member alone need ${needed / makes.length}`,
          remedy,
        ),
      );
  }
  for (const [member, ids] of Object.entries(upgrades)) {
    const known = ids.filter((id) => byId.has(id));
    if (known.length > 0 && free(known) < freeAddresses.upgrade)
      findings.push(
        preflightFinding(
          "required",
          `EKS needs up to ${freeAddresses.upgrade} free addresses to upgrade ${member}'s control plane, and its ` +
            `subnets have ${free(known)}`,
          "free addresses in them",
        ),
      );
  }
  return findings;
}

export function networkFindings(question: NetworkQuestion, answer: Answer): Finding[] {
  const byId = new Map(answer.subnets.map((subnet) => [subnet.id, subnet]));
  const findings = [
    ...(question.config.network.existing === null ? zoneFindings(question, answer.zones) : []),
    ...existingFindings(question, byId),
    ...roomFindings(question, byId),
  ];
  return question.underWay ? findings.map((finding) => ({ ...finding, severity: "recommended" })) : findings;
}

/** Asks AWS, when there is something to ask. Whoever may not ask, or gets no answer, is told so and not stopped. */
export const lookAtNetwork = (ports: Pick<Ports, "aws">, question: NetworkQuestion | null): Promise<Finding[]> =>
  unlessDisturbed("zones and subnets", async () => (question === null ? [] : await askNetwork(ports, question)));

async function askNetwork(ports: Pick<Ports, "aws">, question: NetworkQuestion): Promise<Finding[]> {
  const answer = await ports.aws.network(subnetsAskedFor(question), asksZones(question));
  if (answer !== "denied") return networkFindings(question, answer);
  return [
    {
      code: "EBG-AWS",
      severity: "recommended",
      message: "zones and subnets were not looked at: these credentials may not ask EC2 for them",
      remedy: "permit ec2:DescribeAvailabilityZones and ec2:DescribeSubnets (docs/reference/permissions.md)",
    },
  ];
}
