/** `cluster`: what the clusters that this project makes are like. */
import { privateBlocks, publicEndpointBlocks, serviceCidrPrefix } from "../../../components/internal/aws-limits";
import { type Cidr, contains, overlap, parseCidr } from "../../../components/internal/cidr";
import { cidr, custom, list, oneOf, text, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { addedLater, filled, leftOut, orNull, type ValueOf } from "../declare/key";
import { nodes } from "./nodes";

const addonPattern = /^v\d+\.\d+\.\d+-eksbuild\.\d+$/;
const addonRule = "must be the version of an EKS add-on";
const addonRemedy = "Write it like v1.19.2-eksbuild.1 (aws eks describe-addon-versions)";

/** One version, or versions by Kubernetes minor. */
export type AddonPin = string | Readonly<Record<string, string>>;

const addonPin = custom<AddonPin>({
  read: (value, place) => {
    const versions: unknown = value;
    if (typeof versions !== "object" || versions === null || Array.isArray(versions))
      return typeof value === "string" && addonPattern.test(value)
        ? value
        : place.refuse(value, addonRule, addonRemedy);
    for (const [minor, version] of Object.entries(versions)) {
      if (!/^1\.\d{2,}$/.test(minor))
        place.add(`"${minor}"`, version, "must stand under a Kubernetes minor in quotes", 'Write it like "1.35": v1.…');
      if (typeof version !== "string" || !addonPattern.test(version))
        place.add(`"${minor}"`, version, addonRule, addonRemedy);
    }
    return versions as AddonPin;
  },
  empty: "",
  type: "text, or texts by Kubernetes minor",
  range: "version of an EKS add-on",
  schema: {
    anyOf: [
      { type: "string", pattern: addonPattern.source },
      {
        type: "object",
        propertyNames: { pattern: "^1\\.\\d{2,}$" },
        additionalProperties: { type: "string", pattern: addonPattern.source },
      },
    ],
  },
});

const addon = (title: string, more = "") =>
  orNull(addonPin, "EKS's default for the cluster's minor, looked up once per minor", {
    doc: `Version of the add-on ${title}; for all members, or by Kubernetes minor.${more}`,
    example: { "1.35": "v1.35.0-eksbuild.2" },
  });

/** The minor that a version of kube-proxy is for: it has the cluster's. */
export const minorOfKubeProxy = (version: string): string => version.slice(1).split(".").slice(0, 2).join(".");

const addonsKeys = {
  vpcCni: addon("Amazon VPC CNI"),
  coredns: addon("CoreDNS"),
  kubeProxy: addon("kube-proxy", " A version is for its own minor only: a cluster of another one gets EKS's default."),
  podIdentityAgent: addon("EKS Pod Identity Agent"),
};

const isPrivate = (block: Cidr): boolean =>
  privateBlocks.blocks.some((one) => {
    const outer = parseCidr(one);
    return outer !== null && contains(outer, block);
  });

const endpointKeys = {
  privateAccess: leftOut(yesOrNo(), "true for clusters made by this version or later; older ones keep what they have", {
    doc:
      "Whether nodes and whoever is in the VPC reach the API server inside of the VPC. Inside, its name leads there and " +
      "nowhere else, and the group that EKS makes for a cluster lets nodes in alone: commands that run in the VPC need " +
      "a rule for port 443 in it, or `false`.",
  }),
  publicAccess: leftOut(yesOrNo(), "true", {
    doc:
      "Whether the API server has a public address. Without one, `up` and all other commands must run where the VPC's " +
      "addresses are reached.",
  }),
  publicCidrs: leftOut(
    list(cidr("203.0.113.0/24"), { fewest: 1, remedy: "Write it like 203.0.113.0/24" }),
    "`0.0.0.0/0`",
    {
      doc:
        "Who may reach the public address, of which nodes have no need with `privateAccess`. Name where commands run " +
        "as well.",
      source: publicEndpointBlocks.source,
    },
  ),
};

export interface EndpointConfig extends ValueOf<typeof endpointKeys> {}

const endpointReachable: Rule<EndpointConfig> = ({ privateAccess, publicAccess, publicCidrs }, place) => {
  if (privateAccess === false && publicAccess === false)
    place.add("publicAccess", false, "can't be off together with privateAccess", "Switch one of them on");
  if (publicAccess === false && privateAccess === undefined)
    place.add(
      "privateAccess",
      null,
      "is required without publicAccess: members that are older than this key have none",
      "Write privateAccess: true",
    );
  if (publicCidrs === undefined) return;
  if (publicAccess === false)
    place.add("publicCidrs", publicCidrs, "can't be given without publicAccess", "Remove one of the two");
  else if (privateAccess === undefined && !publicCidrs.includes("0.0.0.0/0"))
    place.add(
      "privateAccess",
      null,
      "is required with publicCidrs: nodes of members that are older than this key come by the public address, and " +
        "would be cut off",
      "Write privateAccess: true; or false, when publicCidrs has the addresses of all NAT gateways",
    );
  if (publicCidrs.length > publicEndpointBlocks.most)
    place.add(
      "publicCidrs",
      publicCidrs.length,
      `must have at most ${publicEndpointBlocks.most} blocks (${publicEndpointBlocks.source})`,
      "Name fewer, wider blocks",
    );
  publicCidrs.forEach((text, index) => {
    const block = parseCidr(text);
    if (block !== null && isPrivate(block))
      place.add(
        `publicCidrs[${index}]`,
        text,
        "is a private block: nobody reaches the public address from there",
        "Name public addresses; private ones reach the API server with privateAccess: true",
      );
  });
};

const logTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;

const clusterKeys = {
  nodes: filled(nodes, { doc: "The managed node group of each member." }),
  addons: filled(group(addonsKeys), { doc: "Pinned versions of the core add-ons." }),
  serviceCidrBlock: addedLater(
    orNull(cidr("172.20.0.0/16"), "EKS chooses 10.100.0.0/16 or 172.20.0.0/16, whichever is clear of the VPC", {
      doc: `Kubernetes' Service range, from /${serviceCidrPrefix.shortest} to /${serviceCidrPrefix.longest}.`,
      change: { kind: "partly", note: "the cluster is replaced, which the protection of an active member refuses" },
      source: serviceCidrPrefix.source,
      example: "172.20.0.0/16",
    }),
  ),
  endpoint: leftOut(group(endpointKeys, [endpointReachable]), "as its keys say", {
    doc: "Who reaches the Kubernetes API server.",
  }),
  adminRoleArns: leftOut(
    list(
      text({
        pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/,
        rule: "must be the ARN of an IAM role",
        remedy: "Write it like arn:aws:iam::123456789012:role/platform-admin",
      }),
      { fewest: 1, remedy: "Write it like arn:aws:iam::123456789012:role/platform-admin" },
    ),
    "none",
    {
      doc:
        "IAM roles that administer the clusters, besides the one that creates them: that one has its access from EKS. " +
        "New ones go to the end. EKS refuses a role that has an entry already: leave out the role that updates run " +
        "with, and delete an entry that was made by hand first.",
      example: ["arn:aws:iam::123456789012:role/platform-admin"],
    },
  ),
  supportType: leftOut(oneOf("STANDARD", "EXTENDED"), "`EXTENDED`, EKS's default", {
    doc:
      "What happens at the end of standard support of the Kubernetes minor: `EXTENDED` costs more from then on, with " +
      "`STANDARD` EKS upgrades the cluster by itself.",
  }),
  logTypes: leftOut(list(oneOf(...logTypes), { fewest: 0, remedy: `Name some of ${logTypes.join(", ")}` }), "none", {
    doc: "Logs of the control plane that go to CloudWatch.",
  }),
  deletionProtection: leftOut(
    yesOrNo(),
    "as each cluster is: off for one that is made, and what it was deployed with for one that is there",
    {
      doc:
        "Whether EKS refuses to delete the clusters, whoever asks. A retirement and `teardown` take it off the cluster " +
        "that they are about to destroy, and nothing else does. With `false`, `up` takes it off; a cluster that is " +
        "protected without the key is not destroyed, and the command says how to go on.",
      source: "EKS user guide, deletion-protection, 2026-12-01",
    },
  ),
  kmsKeyArn: leftOut(
    text({
      pattern: /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/\S+$/,
      rule: "must be the ARN of a KMS key",
      remedy: "Write it like arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    }),
    "EKS's own key",
    {
      doc: "KMS key that encrypts Kubernetes' Secrets, of the same region.",
      change: { kind: "new members" },
    },
  ),
  permissionsBoundaryArn: leftOut(
    text({
      pattern: /^arn:aws[a-z-]*:iam::\d{12}:policy\/\S+$/,
      rule: "must be the ARN of an IAM policy",
      remedy: "Write it like arn:aws:iam::123456789012:policy/platform-boundary",
    }),
    "none",
    {
      doc: "Permissions boundary of the roles that a member makes: its cluster's, its nodes' and its controller's.",
      change: { kind: "new members" },
      example: "arn:aws:iam::123456789012:policy/platform-boundary",
    },
  ),
};

/** The members' EKS clusters: `cluster` of the config, defaults filled in. */
export interface ClusterConfig extends ValueOf<typeof clusterKeys> {}

const serviceRange: Rule<ClusterConfig> = ({ serviceCidrBlock }, place) => {
  const vpc = place.earlier.network?.cidrBlock ?? null;
  const service = serviceCidrBlock == null ? null : parseCidr(serviceCidrBlock);
  if (service === null) return;
  const outer = vpc === null ? null : parseCidr(vpc);
  const { shortest, longest } = serviceCidrPrefix;
  if (outer !== null && overlap(service, outer))
    place.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `overlaps with the VPC's block ${vpc}`,
      "Choose a private block outside of the VPC, like 172.20.0.0/16",
    );
  if (!isPrivate(service))
    place.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `must lie in ${privateBlocks.blocks.join(", ")} (${privateBlocks.source})`,
      "Choose a block like 172.20.0.0/16",
    );
  if (service.prefix < shortest || service.prefix > longest)
    place.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `must have a prefix from /${shortest} to /${longest} (EKS, KubernetesNetworkConfigRequest)`,
      "Choose a block like 172.20.0.0/16",
    );
};

const keyOfRegion: Rule<ClusterConfig> = ({ kmsKeyArn }, place) => {
  const { region = "" } = place.earlier;
  if (kmsKeyArn !== undefined && region !== "" && kmsKeyArn.split(":")[3] !== region)
    place.add(
      "kmsKeyArn",
      kmsKeyArn,
      `must be a key of the region ${region} (EKS, API_Provider)`,
      "Name a key of that region",
    );
};

export const cluster = group(clusterKeys, [serviceRange, keyOfRegion]);
