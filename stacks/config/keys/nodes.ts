/** `cluster.nodes`: the managed node group of each member. What can't change in place, members keep from when they were made. */
import { nodesPerGroup } from "../../../components/internal/aws-limits";
import { custom, flag, list, oneOf, text, whole } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { leftOut, required, type ValueOf, withDefault } from "../declare/key";

const size = whole({ least: 1, most: nodesPerGroup.most, source: nodesPerGroup.source });

/** Without those of Windows, and without `CUSTOM`, for which EKS has no version to upgrade. */
const amiTypes = [
  "AL2023_x86_64_STANDARD",
  "AL2023_ARM_64_STANDARD",
  "AL2023_x86_64_NVIDIA",
  "AL2023_ARM_64_NVIDIA",
  "AL2023_x86_64_NEURON",
  "BOTTLEROCKET_x86_64",
  "BOTTLEROCKET_ARM_64",
  "BOTTLEROCKET_x86_64_NVIDIA",
  "BOTTLEROCKET_ARM_64_NVIDIA",
] as const;

const launchTemplateKeys = {
  id: required(
    text({
      pattern: /^lt-[0-9a-f]{8,17}$/,
      rule: "must be the id of a launch template",
      remedy: "Write it like lt-0a1b2c3d4e5f67890",
    }),
    {
      doc: "Its id.",
    },
  ),
  version: required(
    text({
      pattern: /^[1-9]\d*$/,
      rule: "must be the number of a version, as text",
      remedy: 'Write it like "3", not $Latest: a member keeps the version that it was made with',
    }),
    {
      doc: "Number of its version, as text.",
      example: "3",
    },
  ),
};

const reserved = /(^|\.)(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\//;
const labelName = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const labels = custom<Readonly<Record<string, string>>>({
  read: (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return place.refuse(value, "must be an object of texts", "Write `NAME: value` pairs");
    for (const [name, one] of Object.entries(value)) {
      if (!labelName.test(name) || reserved.test(name))
        place.add(
          `"${name}"`,
          one,
          "must be a label's name that is not Kubernetes' or EKS's own",
          "Write it like pool",
        );
      if (typeof one !== "string" || !labelValue.test(one))
        place.add(
          `"${name}"`,
          one,
          "must be a label's value: at most 63 letters, digits, dashes, dots and underscores",
          "Write it like general, numbers in quotes",
        );
    }
    return value as Readonly<Record<string, string>>;
  },
  empty: {},
  type: "texts by name",
  range: "labels of Kubernetes; not in `kubernetes.io`, `k8s.io` or `eks.amazonaws.com`",
  schema: { type: "object", additionalProperties: { type: "string" } },
});

const nodesKeys = {
  instanceTypes: withDefault(
    list(
      text({
        pattern: /^[a-z0-9-]+\.[a-z0-9-]+$/,
        rule: "must be an instance type",
        remedy: "Write it like m6i.large",
      }),
      { fewest: 1, remedy: "Write it like m6i.large" },
    ),
    ["m6i.large"],
    {
      doc: "Instance types of the nodes, the most wanted first, all of one architecture.",
      change: { kind: "new members" },
    },
  ),
  amiType: leftOut(oneOf(...amiTypes), "Amazon Linux 2023, without GPU, of the instance types' architecture", {
    doc: "Kind of the nodes' image, as EKS names it.",
    change: { kind: "new members" },
    source: "EKS, CreateNodegroup, 2026-11-30",
  }),
  capacityType: leftOut(oneOf("ON_DEMAND", "SPOT"), "`ON_DEMAND`, EKS's default", {
    doc:
      "How the nodes are bought. EC2 takes `SPOT` nodes back with two minutes' notice. That is less than pods need to " +
      "leave (`preStopSeconds` is at least 90), so requests may fail then.",
    change: { kind: "new members" },
  }),
  diskSizeGiB: leftOut(
    whole({ least: 20, most: 16_384, source: "the images have 20 GiB, EBS gp3 volumes at most 16384" }),
    "20, EKS's default",
    {
      doc: "Size of the nodes' root volumes, in GiB. Not with `launchTemplate`.",
      change: { kind: "new members" },
    },
  ),
  labels: leftOut(labels, "none", { doc: "Kubernetes labels of the nodes.", example: { pool: "general" } }),
  launchTemplate: leftOut(group(launchTemplateKeys), "none", {
    doc:
      "A launch template of your own, for disks, instance metadata options or tags. It may name neither an image nor " +
      "an instance type: those are said here.",
    change: { kind: "new members" },
  }),
  minSize: withDefault(size, 2, { doc: "Fewest nodes of a member." }),
  desiredSize: withDefault(size, 2, {
    doc: "Nodes of a member at 100 percent capacity. With `autoscaled` only what a new member begins with.",
  }),
  maxSize: withDefault(size, 4, { doc: "Most nodes of a member." }),
  autoscaled: leftOut(flag(), "false", {
    doc:
      "True when a cluster autoscaler (yours; the package installs none) owns the number of nodes: no later update " +
      "changes it.",
  }),
};

/** The members' managed node groups: `cluster.nodes` of the config. */
export interface NodesConfig extends ValueOf<typeof nodesKeys> {}

const sizesInOrder: Rule<NodesConfig> = ({ minSize, desiredSize, maxSize }, place) => {
  if (minSize > desiredSize || desiredSize > maxSize)
    place.add(
      "desiredSize",
      desiredSize,
      `must lie between minSize (${minSize}) and maxSize (${maxSize})`,
      "Correct the three sizes",
    );
};

/** A Graviton family ends its generation in g: m7g, c6gd, t4g. */
const isArm = (instanceType: string): boolean => /^[a-z]+\d+g/.test(instanceType);

const oneArchitecture: Rule<NodesConfig> = ({ instanceTypes, amiType }, place) => {
  const arm = instanceTypes.map(isArm);
  if (arm.includes(true) && arm.includes(false))
    place.add(
      "instanceTypes",
      instanceTypes,
      "must be of one architecture: one image is for all of them",
      "Name types of x86_64, or of arm64 (Graviton), alone",
    );
  else if (amiType !== undefined && amiType.includes("ARM_64") !== (arm[0] ?? false))
    place.add(
      "amiType",
      amiType,
      `is not for ${arm[0] === true ? "arm64" : "x86_64"}, as ${instanceTypes.join(", ")} are`,
      "Choose an image of the instance types' architecture",
    );
};

const diskOfTemplate: Rule<NodesConfig> = ({ diskSizeGiB, launchTemplate }, place) => {
  if (diskSizeGiB !== undefined && launchTemplate !== undefined)
    place.add(
      "diskSizeGiB",
      diskSizeGiB,
      "can't be given together with launchTemplate (EKS, CreateNodegroup)",
      "Say the size in the launch template",
    );
};

export const nodes = group(nodesKeys, [sizesInOrder, oneArchitecture, diskOfTemplate]);
