/**
 * Upgrades without another Kubernetes version: other nodes, other subnets, or nothing but new clusters. `up` touches no
 * member for it, `plan` names what differs, and `upgrade` makes the members anew, one after the other.
 */
import { DriverError } from "../../../errors";
import type { DriverEvent } from "../../../events";
import { type InspectedProject, inspectProject } from "../project-copy";
import { type Act, type Ending, refuseOptions, type Scenario } from "../scenario";
import type { RehearsalStage, Seen } from "../stage";
import { areAllNew, areUntouched, type ClusterSeen, clustersInAws } from "./clusters-in-aws";
import { verifyIsGood } from "./tutorial-checks";
import { versionsOf } from "./versions";

/** A change of the config that only a new member can have. */
interface Change {
  /** For the summary, like `nodes of m7i.large with BOTTLEROCKET_x86_64`. */
  readonly text: string;
  /** Its keys as `plan` names them; one of them at least must differ. */
  readonly paths: readonly string[];
  /** Writes it into the copy of the config. */
  readonly write: (stage: RehearsalStage) => void;
  /** What a cluster has of it: as `wanted`, or something else. */
  readonly seen: (stage: RehearsalStage, cluster: ClusterSeen) => Promise<string>;
  readonly wanted: string;
}

interface PlanAnswer {
  readonly outdated?: Readonly<Record<string, readonly { readonly path: string; readonly wanted: unknown }[]>>;
}

async function planNames(stage: RehearsalStage, { paths }: Change): Promise<Seen> {
  const { outdated = {} } = await stage.plan<PlanAnswer>();
  const found = Object.entries(outdated).flatMap(([member, differences]) =>
    differences.map(({ path, wanted }) => ({ member, path, text: `${member}: ${path} ${JSON.stringify(wanted)}` })),
  );
  return {
    holds: found.some(({ path }) => paths.includes(path)),
    seen: found.map(({ text }) => text).join("; ") || "no member lacks anything",
  };
}

async function allHave(stage: RehearsalStage, { seen, wanted }: Change): Promise<Seen> {
  const found: { readonly name: string; readonly text: string }[] = [];
  for (const cluster of await clustersInAws(stage))
    found.push({ name: cluster.name, text: await seen(stage, cluster) });
  return {
    holds: found.length > 0 && found.every(({ text }) => text === wanted),
    seen: found.map(({ name, text }) => `${name}: ${text}`).join("; ") || "no cluster",
  };
}

/** The same command once more has nothing to do. */
async function isDone(stage: RehearsalStage): Promise<Seen> {
  let steps = 0;
  const code = await stage.drive(["upgrade", "--approve-retire"], (event: DriverEvent) => {
    if (event.kind === "step-started") steps += 1;
  });
  return { holds: code === 0 && steps === 0, seen: `exit code ${code}, steps: ${steps}` };
}

async function serve(stage: RehearsalStage, version: string): Promise<void> {
  stage.project.setVersion(version);
  await stage.step(`deploy ${stage.project.environment} at ${version}`, () => stage.mustDrive(["up"]));
}

async function withOtherSettings(
  stage: RehearsalStage,
  version: string,
  changeOf: (stage: RehearsalStage, clusters: readonly ClusterSeen[]) => Promise<Change>,
): Promise<Ending> {
  await serve(stage, version);
  await stage.beginLoad();
  const before = await clustersInAws(stage);
  const change = await changeOf(stage, before);
  change.write(stage);
  await stage.step(`deploy the config with ${change.text}`, () => stage.mustDrive(["up"]));
  await stage.claim("", "`up` left the members as they are", () => areUntouched(stage, before), 0);
  await stage.claim("", "`plan` names what only a new member can have", () => planNames(stage, change), 0);
  await stage.step(`upgrade: members with ${change.text} take over`, () =>
    stage.mustDrive(["upgrade", "--approve-retire"]),
  );
  await stage.claim("", "every cluster is a new one, and the old ones are gone", () => areAllNew(stage, before));
  await stage.claim("", "every cluster has what the config says", () => allHave(stage, change), 0);
  await stage.claim("", "the same command once more has nothing to do", () => isDone(stage), 0);
  await stage.claim("", "all that can be verified holds", () => verifyIsGood(stage), 30);
  await stage.endLoad();
  return { driverExitCode: 0, message: `done, every member has ${change.text}` };
}

/** Another size of the same architecture, and Bottlerocket; who has that already gets Amazon Linux. */
function otherNodes(clusters: readonly ClusterSeen[]): Promise<Change> {
  const now = clusters.flatMap(({ nodeGroups }) => nodeGroups)[0];
  const arm = now?.amiType.includes("ARM_64") ?? false;
  const amiType = now?.amiType.startsWith("BOTTLEROCKET") === true ? "AL2023" : "BOTTLEROCKET";
  const image = amiType + (arm ? "_ARM_64" : "_x86_64") + (amiType === "AL2023" ? "_STANDARD" : "");
  const [large, xlarge] = arm ? ["m7g.large", "m7g.xlarge"] : ["m7i.large", "m7i.xlarge"];
  const type = now?.instanceTypes[0] === large ? xlarge : large;
  return Promise.resolve({
    text: `nodes of ${type} with ${image}`,
    paths: ["cluster.nodes.instanceTypes", "cluster.nodes.amiType"],
    write: ({ project }) => {
      project.set(["cluster", "nodes", "instanceTypes"], [type]);
      project.set(["cluster", "nodes", "amiType"], image);
      // What it says of disks is of the image before.
      project.set(["cluster", "nodes", "launchTemplate"], undefined);
    },
    wanted: `${type}, ${image}`,
    seen: (_, { nodeGroups }) =>
      Promise.resolve(
        [...new Set(nodeGroups.map((one) => `${one.instanceTypes.join(" ")}, ${one.amiType}`))].join("; "),
      ),
  });
}

async function zonesOf(stage: RehearsalStage, ids: readonly string[]): Promise<readonly string[]> {
  const zones = await stage.json<readonly string[]>("aws", [
    ...["ec2", "describe-subnets", "--subnet-ids", ...new Set(ids)],
    ...["--query", "Subnets[].AvailabilityZone", "--output", "json"],
  ]);
  return [...new Set(zones)].sort();
}

/** The members leave the first of the VPC's zones; where that would leave them one alone, a zone is added first. */
async function otherSubnets(stage: RehearsalStage, zones: readonly string[]): Promise<Change> {
  const all = await stage.json<readonly string[]>("aws", [
    ...["ec2", "describe-availability-zones", "--query", "AvailabilityZones[].ZoneName", "--output", "json"],
  ]);
  const free = [...all].sort().filter((zone) => !zones.includes(zone));
  const network = zones.length > 2 ? zones : [...zones, ...free.slice(0, 1)];
  const wanted = network.slice(1);
  return {
    text: `subnets in ${wanted.join(" and ")}`,
    paths: ["network.memberZones"],
    write: ({ project }) => {
      project.set(["network", "availabilityZones"], network);
      project.set(["network", "memberZones"], wanted);
    },
    wanted: [...wanted].sort().join(", "),
    seen: async (ofStage, { subnetIds, nodeGroups }) =>
      (await zonesOf(ofStage, [...subnetIds, ...nodeGroups.flatMap((one) => one.subnets)])).join(", "),
  };
}

/** With `cycle` all members serve from the start, and each is made anew while it is out of traffic. */
async function rebuildAll(stage: RehearsalStage, version: string): Promise<Ending> {
  stage.project.set(["rollout", "strategy"], "cycle");
  await serve(stage, version);
  await stage.beginLoad();
  const before = await clustersInAws(stage);
  await stage.step("upgrade --replace-all: one after the other is drained, made anew, and admitted again", () =>
    stage.mustDrive(["upgrade", "--replace-all", "--approve-retire"]),
  );
  await stage.claim("", "every cluster is a new one, under its old name", () => areAllNew(stage, before));
  await stage.claim("", "all that can be verified holds", () => verifyIsGood(stage), 30);
  await stage.endLoad();
  return { driverExitCode: 0, message: `done, ${before.length} clusters were made anew` };
}

/** What a scenario of here can't be made with. @throws EBG-CONFIG before anything is started */
function refuse(name: string, what: string, remedy: string): never {
  throw new DriverError("EBG-CONFIG", `--scenario ${name}: ${what}`, remedy);
}

function ownProject(name: string, options: Parameters<Scenario["plan"]>[0]): InspectedProject {
  refuseOptions(name, { "--from": options.from, "--fault": options.faults });
  const project = inspectProject(options.projectDirectory, options.environment);
  const existing = Object.entries((project.settings["memberClusters"] ?? {}) as Record<string, unknown>)
    .filter(([, cluster]) => (cluster as { existing?: unknown } | null)?.existing !== undefined)
    .map(([member]) => member);
  if (existing.length > 0)
    refuse(
      name,
      `the clusters of ${existing.join(", ")} are somebody else's (memberClusters), who alone can make them anew`,
      "rehearse it with a config whose clusters this package makes",
    );
  return project;
}

function scenario(
  name: string,
  summary: string,
  prepare: (project: InspectedProject) => {
    readonly title: string;
    readonly perform: (stage: RehearsalStage, version: string) => Promise<Ending>;
  },
): Scenario {
  return {
    name,
    summary,
    plan: (options): Act => {
      const project = ownProject(name, options);
      const { to } = versionsOf(project, options);
      const { title, perform } = prepare(project);
      return { title, project, perform: (stage) => perform(stage, to) };
    },
  };
}

export const nodeRefresh = scenario(
  "node-refresh",
  "your own program with other instance types and another image: `up` touches no member, `upgrade` makes them anew",
  ({ environment }) => ({
    title: `other nodes for ${environment}`,
    perform: (stage, version) => withOtherSettings(stage, version, (_, clusters) => otherNodes(clusters)),
  }),
);

export const subnets = scenario(
  "subnets",
  "your own program whose members leave a zone for another: the load balancer gets the zone, `upgrade` moves the members",
  ({ environment, settings }) => {
    const zones = (settings["network"] as { availabilityZones?: readonly string[] } | undefined)?.availabilityZones;
    if (zones === undefined)
      refuse(
        "subnets",
        "the VPC is somebody else's (network.existing), and so are its subnets",
        "rehearse it with a config whose VPC this package makes (network.cidrBlock, network.availabilityZones)",
      );
    return {
      title: `other subnets for ${environment}`,
      perform: (stage, version) => withOtherSettings(stage, version, () => otherSubnets(stage, zones)),
    };
  },
);

export const rebuild = scenario(
  "rebuild",
  "your own program with two active members: each is drained, made anew, and admitted again, and nothing else changes",
  ({ environment, members }) => {
    if (members.length < 2) refuse("rebuild", "the config names one member", "give eks-blue-green:members two names");
    return { title: `new clusters for ${environment}`, perform: rebuildAll };
  },
);
