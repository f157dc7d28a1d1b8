/** From Pulumi's flat config map to the wanted state, with defaults. Every problem is found in one pass. */
import {
  controllerVersions,
  fewestZones,
  propagationLagSeconds,
  vpcPrefix,
} from "../../components/internal/aws-limits";
import { overlap, parseCidr, subnetBlocks } from "../../components/internal/cidr";
import { standsAlone } from "../../components/internal/controller-chart";
import { type Problem, throwProblems } from "../../components/internal/problems";
import type {
  ClusterConfig,
  ControllerConfig,
  EnvironmentConfig,
  LoadBalancerConfig,
  LoadBalancerOwner,
  MemberConfig,
  NetworkConfig,
  RolloutConfig,
} from "./types";
import { readAwsSettings } from "./aws-provider";
import { readMemberClusters } from "./member-clusters";
import { ObjectReader } from "./object-reader";
import { quotaProblems, readServices } from "./services";
import { plainName } from "../shared/plain-name";

const namespace = "eks-blue-green:";
/** Longest name of an environment, member or service: they become parts of names of at most 32 characters. */
const longestName = 32;
const plainNameRule =
  "must be lower-case letters, digits and dashes, begin with a letter, end in no dash, and have at most " +
  `${longestName} characters`;
const jsonKeys = new Set([
  "members",
  "network",
  "cluster",
  "controller",
  "loadBalancer",
  "memberClusters",
  "services",
  "rollout",
]);

/** Keys of the package's namespace, without it; JSON values decoded. */
function ownValues(values: Readonly<Record<string, string>>, problems: Problem[]): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(values)) {
    if (!key.startsWith(namespace)) continue;
    const name = key.slice(namespace.length);
    if (!jsonKeys.has(name)) {
      own[name] = text;
      continue;
    }
    try {
      own[name] = JSON.parse(text);
    } catch {
      problems.push({
        path: name,
        value: text,
        rule: "must be a structured value",
        remedy: `Write it as YAML under ${namespace}${name} (pulumi config set --path does so)`,
      });
    }
  }
  return own;
}

/**
 * Throws a ConfigError that names every own key with a secret value (`secretKeys`: full keys, like
 * `eks-blue-green:services`): the parsed
 * config is a plain output, so what was encrypted would stand readable in outputs, state and backups. No value is in
 * the message.
 */
export function refuseSecretConfig(environment: string, secretKeys: readonly string[]): void {
  throwProblems(
    `The config of environment '${environment}'`,
    secretKeys
      .filter((key) => key.startsWith(namespace))
      .sort()
      .map((key): Problem => ({
        path: key.slice(namespace.length),
        value: "[secret]",
        rule:
          "can't hold secret values: the config is an output in plain text, so they would be readable there, in " +
          "the state and in its backups",
        remedy:
          `Write ${key} without secret values; what a container must not show goes into a Kubernetes Secret, named ` +
          "in services[].environmentFrom",
      })),
  );
}

function readNetwork(reader: ObjectReader): NetworkConfig {
  const zones = reader.texts(
    "availabilityZones",
    reader.given("existing") ? [] : undefined,
    fewestZones,
    /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/,
    "must be the name of an availability zone",
    "Name at least two zones of the region, like us-east-1a",
  );
  const natGateways = reader.oneOf("natGateways", ["one", "one-per-zone"] as const, "one-per-zone");
  const cidrBlock = reader.cidr("cidrBlock");
  if (reader.given("existing")) {
    const inner = reader.inner("existing");
    const vpcId = inner.text(
      "vpcId",
      undefined,
      /^vpc-[0-9a-f]+$/,
      "must be the id of a VPC",
      "Write it like vpc-0123456789abcdef0",
    );
    const ids = (key: string): readonly string[] =>
      inner.texts(
        key,
        undefined,
        fewestZones,
        /^subnet-[0-9a-f]+$/,
        "must be the id of a subnet",
        "List subnets in at least two zones",
      );
    const existing = { vpcId, privateSubnetIds: ids("privateSubnetIds"), publicSubnetIds: ids("publicSubnetIds") };
    inner.finish();
    if (cidrBlock !== null || reader.given("subnets"))
      reader.add(
        "existing",
        vpcId,
        "can't be combined with cidrBlock or subnets",
        "Keep either the existing VPC or the blocks of a new one",
      );
    reader.finish();
    return { cidrBlock: null, availabilityZones: zones, natGateways, subnets: null, existing };
  }
  if (!reader.given("cidrBlock"))
    reader.add("cidrBlock", null, "is required without `existing`", "Write a block like 10.42.0.0/16");
  const prefix = cidrBlock === null ? null : (parseCidr(cidrBlock)?.prefix ?? null);
  if (prefix !== null && (prefix < vpcPrefix.shortest || prefix > vpcPrefix.longest)) {
    reader.add(
      "cidrBlock",
      cidrBlock,
      `a VPC's prefix is from /${vpcPrefix.shortest} to /${vpcPrefix.longest}`,
      "Choose a block like 10.42.0.0/16",
    );
  } else if (
    cidrBlock !== null &&
    !reader.given("subnets") &&
    zones.length > 0 &&
    subnetBlocks(cidrBlock, zones.length) === null
  ) {
    reader.add(
      "cidrBlock",
      cidrBlock,
      `is too small for a private and a public subnet in each of ${zones.length} zones`,
      "Choose a block of /24 or larger; /16 leaves room for pods",
    );
  }
  const subnets = reader.given("subnets") ? readSubnets(reader.inner("subnets"), cidrBlock, zones.length) : null;
  reader.finish();
  return { cidrBlock, availabilityZones: zones, natGateways, subnets, existing: null };
}

function readSubnets(
  reader: ObjectReader,
  vpc: string | null,
  zones: number,
): { privateCidrBlocks: readonly string[]; publicCidrBlocks: readonly string[] } {
  const known: { readonly path: string; readonly text: string }[] = [];
  const outer = vpc === null ? null : parseCidr(vpc);
  const blocks = (key: string): readonly string[] => {
    const list = reader.texts(
      key,
      undefined,
      1,
      /^[\d.]+\/\d+$/,
      "must be an IPv4 block",
      "Write it like 10.42.0.0/19",
    );
    if (list.length !== zones)
      reader.add(key, list, `must have one block for each of the ${zones} zones`, "Add or remove blocks");
    list.forEach((text, index) => {
      const path = `${key}[${index}]`;
      const block = parseCidr(text);
      if (block === null)
        return reader.add(
          path,
          text,
          "must be an IPv4 block whose bits behind the prefix are zero",
          "Write it like 10.42.0.0/19",
        );
      if (outer !== null && (!overlap(outer, block) || block.prefix < outer.prefix))
        reader.add(path, text, `must lie inside of the VPC's block ${vpc}`, "Choose a block inside of it");
      for (const other of known) {
        const otherBlock = parseCidr(other.text);
        if (otherBlock !== null && overlap(block, otherBlock))
          reader.add(path, text, `overlaps with ${other.path} ${other.text}`, "Choose blocks that don't overlap");
      }
      known.push({ path: reader.at(path), text });
    });
    return list;
  };
  const subnets = { privateCidrBlocks: blocks("privateCidrBlocks"), publicCidrBlocks: blocks("publicCidrBlocks") };
  reader.finish();
  return subnets;
}

function readCluster(reader: ObjectReader, vpc: string | null): ClusterConfig {
  const nodes = reader.inner("nodes");
  const size = (key: string, otherwise: number): number =>
    nodes.whole(key, { least: 1, most: 450, source: "nodes of a managed node group, EKS quotas", otherwise });
  const nodesConfig = {
    instanceTypes: nodes.texts(
      "instanceTypes",
      ["m6i.large"],
      1,
      /^[a-z0-9-]+\.[a-z0-9-]+$/,
      "must be an instance type",
      "Write it like m6i.large",
    ),
    minSize: size("minSize", 2),
    desiredSize: size("desiredSize", 2),
    maxSize: size("maxSize", 4),
    ...(nodes.yesOrNo("autoscaled", false) ? { autoscaled: true as const } : {}),
  };
  if (nodesConfig.minSize > nodesConfig.desiredSize || nodesConfig.desiredSize > nodesConfig.maxSize) {
    nodes.add(
      "desiredSize",
      nodesConfig.desiredSize,
      `must lie between minSize (${nodesConfig.minSize}) and maxSize (${nodesConfig.maxSize})`,
      "Correct the three sizes",
    );
  }
  nodes.finish();
  const addons = reader.inner("addons");
  const version = (key: string): string | null =>
    addons.given(key)
      ? addons.text(
          key,
          undefined,
          /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
          "must be the version of an EKS add-on",
          "Write it like v1.19.2-eksbuild.1 (aws eks describe-addon-versions)",
        )
      : null;
  const pinned = {
    vpcCni: version("vpcCni"),
    coredns: version("coredns"),
    kubeProxy: version("kubeProxy"),
    podIdentityAgent: version("podIdentityAgent"),
  };
  addons.finish();
  const serviceCidrBlock = reader.cidr("serviceCidrBlock");
  const service = serviceCidrBlock === null ? null : parseCidr(serviceCidrBlock);
  const network = vpc === null ? null : parseCidr(vpc);
  if (service !== null && network !== null && overlap(service, network))
    reader.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `overlaps with the VPC's block ${vpc}`,
      "Choose a private block outside of the VPC, like 172.20.0.0/16",
    );
  if (service !== null && (service.prefix < 12 || service.prefix > 24))
    reader.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      "must have a prefix from /12 to /24 (EKS, KubernetesNetworkConfigRequest)",
      "Choose a block like 172.20.0.0/16",
    );
  reader.finish();
  return { nodes: nodesConfig, serviceCidrBlock, addons: pinned };
}

function readController(reader: ObjectReader): ControllerConfig {
  const version = reader.text(
    "version",
    controllerVersions.recommended,
    /^\d+\.\d+\.\d+$/,
    "must be a version of the controller",
    `Write it like ${controllerVersions.recommended}`,
  );
  const chart = reader.text("chart", "aws-load-balancer-controller");
  const repository = reader.text(
    "repository",
    standsAlone(chart) ? "" : "https://aws.github.io/eks-charts",
    /^(https|oci):\/\//,
    "must be the address of a chart repository",
    "Write it like https://aws.github.io/eks-charts",
  );
  const identity = reader.oneOf("identity", ["pod-identity", "irsa"] as const, "pod-identity");
  const parts = version.split(".").map(Number);
  const oldest = controllerVersions.oldest.split(".").map(Number);
  const older = (parts[0] ?? 0) - (oldest[0] ?? 0) || (parts[1] ?? 0) - (oldest[1] ?? 0);
  if (older < 0)
    reader.add(
      "version",
      version,
      `must be ${controllerVersions.oldest} or newer: older controllers have no multi-cluster target groups and ` +
        "deregister the other members' targets",
      `Use ${controllerVersions.recommended}`,
    );
  reader.finish();
  return { version, chart, repository: repository === "" ? null : repository, identity };
}

function readLoadBalancer(
  reader: ObjectReader,
  vpc: string | null,
  members: readonly string[],
): LoadBalancerConfig & { readonly owner: LoadBalancerOwner } {
  const owner = reader.oneOf("owner", ["stack", "service"] as const, "stack");
  const named = reader.optionalText("primary");
  if (named !== null && owner === "stack")
    reader.add(
      "primary",
      named,
      "needs owner service: with owner stack no member owns the load balancer",
      "Remove it, or set loadBalancer.owner to service",
    );
  else if (named !== null && !members.includes(named))
    reader.add(
      "primary",
      named,
      `must be a member (${members.join(", ")})`,
      "Name a member, or leave it out for the first",
    );
  const primary = owner === "service" ? (named ?? members[0] ?? null) : null;
  const scheme = reader.oneOf("scheme", ["internet-facing", "internal"] as const, "internet-facing");
  const crossZone = reader.yesOrNo("crossZone", true);
  const everyone = scheme === "internal" && vpc !== null ? [vpc] : ["0.0.0.0/0"];
  const clientCidrBlocks = reader.texts(
    "clientCidrBlocks",
    everyone,
    1,
    /^[\d.]+\/\d+$/,
    "must be an IPv4 block",
    "Write it like 0.0.0.0/0 or 10.0.0.0/8",
  );
  reader.finish();
  return { owner, primary, scheme, crossZone, clientCidrBlocks };
}

function readRollout(reader: ObjectReader, members: number): RolloutConfig {
  const seconds = (key: string, least: number, most: number, otherwise: number, source: string): number =>
    reader.whole(key, { least, most, otherwise, source });
  const mostActive = Math.max(1, members - 1);
  const rollout: RolloutConfig = {
    strategy: reader.oneOf("strategy", ["replace", "cycle"] as const, "replace"),
    minActive: reader.whole("minActive", {
      least: 1,
      most: mostActive,
      otherwise: 1,
      source: "one member of all must be free to move",
    }),
    minCapacityPercent: seconds("minCapacityPercent", 0, 100, 100, "percent of the steady capacity"),
    bakeSeconds: seconds("bakeSeconds", 0, 86_400, 600, "seconds, at most a day"),
    propagationHoldSeconds: seconds(
      "propagationHoldSeconds",
      propagationLagSeconds.usual,
      3600,
      propagationLagSeconds.longest,
      `an NLB's lag is ${propagationLagSeconds.usual} to ${propagationLagSeconds.longest} s`,
    ),
    gateTimeoutSeconds: seconds("gateTimeoutSeconds", 60, 86_400, 1800, "seconds, at most a day"),
    alarms: reader.texts("alarms", [], 0, /./, "must be the name of a CloudWatch alarm", "Write the alarm's name"),
    retire: reader.oneOf("retire", ["ask", "automatic"] as const, "ask"),
  };
  if (rollout.gateTimeoutSeconds <= rollout.propagationHoldSeconds) {
    reader.add(
      "gateTimeoutSeconds",
      rollout.gateTimeoutSeconds,
      `must be longer than propagationHoldSeconds (${rollout.propagationHoldSeconds}), which every gate waits for`,
      `Choose at least ${rollout.propagationHoldSeconds + 60}`,
    );
  }
  reader.finish();
  return rollout;
}

/**
 * The wanted state of an environment. `values` is the whole config map of its stack (`pulumi.runtime.allConfig()`, or
 * the values of
 * `stack.getAllConfig()`); structured values are JSON text. Throws a ConfigError with all problems.
 */
export function parseEnvironmentConfig(
  values: Readonly<Record<string, string>>,
  context: { readonly environment: string },
): EnvironmentConfig {
  const problems: Problem[] = [];
  const top = new ObjectReader(problems, "", ownValues(values, problems), ` of ${namespace.slice(0, -1)}`);
  if (!plainName.test(context.environment))
    problems.push({
      path: "(stack name)",
      value: context.environment,
      rule: plainNameRule,
      remedy: "Choose a stack name like dev: pulumi stack init dev",
    });
  const region = values["aws:region"] ?? "";
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    problems.push({
      path: "aws:region",
      value: region === "" ? null : region,
      rule: "must be an AWS region",
      remedy: "Set it: pulumi config set aws:region us-east-1",
    });
  const aws = readAwsSettings(values, problems);
  const kubernetesVersion = top.text(
    "kubernetesVersion",
    undefined,
    /^1\.\d{2,}$/,
    'must be a Kubernetes minor version in quotes, like "1.35"',
    "Set it: pulumi config set eks-blue-green:kubernetesVersion 1.35",
  );
  const members = top.texts(
    "members",
    undefined,
    2,
    plainName,
    plainNameRule,
    "Name at least two members, like [blue, green]",
  );
  if (context.environment.length + 1 + Math.max(0, ...members.map((member) => member.length)) > 100)
    top.add(
      "members",
      members,
      "environment and member together have at most 100 characters (name of an EKS cluster)",
      "Shorten the names",
    );
  const network = readNetwork(top.inner("network"));
  for (const zone of network.availabilityZones) {
    if (region !== "" && !zone.startsWith(region))
      top.add("network.availabilityZones", zone, `must be a zone of the region ${region}`, `Use zones like ${region}a`);
  }
  const cluster = readCluster(top.inner("cluster"), network.cidrBlock);
  const controller = readController(top.inner("controller"));
  const loadBalancer = readLoadBalancer(top.inner("loadBalancer"), network.cidrBlock, members);
  const memberClusters = readMemberClusters(top.inner("memberClusters"), problems, members);
  const rollout = readRollout(top.inner("rollout"), members.length);
  const existing = members.filter((member) => memberClusters?.[member]?.existing != null);
  if (rollout.strategy === "cycle" && existing.length > 0) {
    // Its node groups and add-ons are in no state of ours: an upgrade would wait for a version that nobody declares.
    top.add(
      "rollout.strategy",
      rollout.strategy,
      `upgrades clusters in place, and ${existing.join(", ")} ${existing.length === 1 ? "is" : "are"} not this ` +
        "project's to upgrade (memberClusters.<member>.existing)",
      "Upgrade existing clusters with whatever made them, between `eks-blue-green drain MEMBER` and " +
        "`eks-blue-green admit MEMBER`, and keep strategy replace",
    );
  }
  const services = readServices(top, problems, loadBalancer.owner);
  problems.push(
    ...quotaProblems(services, {
      strategy: rollout.strategy,
      minCapacityPercent: rollout.minCapacityPercent,
      members: members.length,
      crossZone: loadBalancer.crossZone,
      zones: network.existing?.privateSubnetIds.length ?? network.availabilityZones.length,
      mostNodes: cluster.nodes.maxSize,
      owner: loadBalancer.owner,
    }),
  );
  top.finish();
  throwProblems(`The config of environment '${context.environment}'`, problems);
  return {
    region,
    ...(aws === null ? {} : { aws }),
    kubernetesVersion,
    members,
    network,
    cluster,
    controller,
    ...(memberClusters === null ? {} : { memberClusters }),
    loadBalancer,
    services,
    rollout,
  };
}

/** Whether a stack's config is a member's: it has one of the two keys. */
export function isMemberConfig(values: Readonly<Record<string, string>>): boolean {
  return values[`${namespace}member`] !== undefined || values[`${namespace}environment`] !== undefined;
}

/** The config of a member's stack: two keys and no other of the package's. Throws a ConfigError with all problems. */
export function parseMemberConfig(values: Readonly<Record<string, string>>): MemberConfig {
  const problems: Problem[] = [];
  const top = new ObjectReader(
    problems,
    "",
    ownValues(values, problems),
    " of a member's stack (everything else comes from the environment's)",
  );
  const name = (key: string): string =>
    top.text(
      key,
      undefined,
      plainName,
      plainNameRule,
      `Set it: pulumi config set ${namespace}${key} ${key === "member" ? "blue" : "dev"}`,
    );
  const config = { environment: name("environment"), member: name("member") };
  top.finish();
  throwProblems("The config of this member's stack", problems);
  return config;
}
