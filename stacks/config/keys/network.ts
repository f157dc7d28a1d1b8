/** `network`: the VPC and its subnets, new or existing. */
import { fewestZones, vpcPrefix } from "../../../components/internal/aws-limits";
import { overlap, parseCidr, subnetBlocks } from "../../../components/internal/cidr";
import { cidr, list, oneOf, text } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { addedLater, derived, leftOut, orNull, required, type ValueOf, withDefault } from "../declare/key";

const subnetIds = list(
  text({
    pattern: /^subnet-[0-9a-f]+$/,
    rule: "must be the id of a subnet",
    remedy: "Write it like subnet-0123456789abcdef0",
  }),
  { fewest: fewestZones, remedy: "List subnets in at least two zones" },
);

const existingKeys = {
  vpcId: required(
    text({
      pattern: /^vpc-[0-9a-f]+$/,
      rule: "must be the id of a VPC",
      remedy: "Write it like vpc-0123456789abcdef0",
    }),
    { doc: "Id of the VPC." },
  ),
  privateSubnetIds: required(subnetIds, {
    doc: "Subnets of control planes, nodes and pods, in at least two zones, with a way out to the internet.",
    change: { kind: "new members" },
  }),
  publicSubnetIds: withDefault(
    subnetIds,
    derived(() => [], "none; required for an internet-facing load balancer"),
    {
      doc: "Subnets of an internet-facing load balancer, one a zone, in at least two zones.",
      change: { kind: "partly", note: "those of the load balancer can't change" },
    },
  ),
  loadBalancerSubnetIds: leftOut(subnetIds, "`publicSubnetIds`; `privateSubnetIds` for scheme `internal`", {
    doc:
      "Subnets of the load balancer, one a zone. Write them down before `privateSubnetIds` changes below an internal " +
      "load balancer.",
    change: { kind: "partly", note: "more may be added at the end, in further zones" },
  }),
};

const subnetBlock = list(cidr("10.42.0.0/19"), { fewest: 1, remedy: "Write it like 10.42.0.0/19" });

const subnetKeys = {
  privateCidrBlocks: required(subnetBlock, { doc: "Blocks of the private subnets, one for each zone, in its order." }),
  publicCidrBlocks: required(subnetBlock, { doc: "Blocks of the public subnets, one for each zone, in its order." }),
};

const zones = list(
  text({
    pattern: /^[a-z]{2,4}(-[a-z]+)+-\d[a-z]$/,
    rule: "must be the name of an availability zone",
    remedy: "Write it like us-east-1a",
    range: "availability zones of the region",
  }),
  { fewest: fewestZones, remedy: "Name at least two zones of the region, like us-east-1a" },
);

const networkKeys = {
  existing: orNull(group(existingKeys), "a VPC is made", {
    doc: "A VPC that is there already and stays somebody else's.",
    change: { kind: "partly", note: "no; some of its keys" },
  }),
  availabilityZones: withDefault(
    zones,
    derived(
      ({ existing }: { existing: object | null }) => (existing === null ? undefined : []),
      "required; none with `existing`",
    ),
    {
      doc:
        "Zones of a new VPC; each gets a private and a public subnet. `up` refuses one in which EKS makes no control " +
        "plane, before anything is made.",
      change: { kind: "partly", note: "zones may be added at the end" },
      example: ["us-east-1a", "us-east-1b"],
    },
  ),
  memberZones: leftOut(zones, "`availabilityZones`", {
    doc:
      "Those of `availabilityZones` in which new members' control planes and nodes are made. The load balancer keeps " +
      "the others, which can't be taken out once they are deployed. Where they are named, members in other zones are " +
      "made anew by the next upgrade; a zone that is only added to `availabilityZones` does that to nobody.",
    change: { kind: "new members" },
    example: ["us-east-1a", "us-east-1b"],
  }),
  natGateways: withDefault(oneOf("one", "one-per-zone"), "one-per-zone", {
    doc:
      "NAT gateways of a new VPC. `one` costs less, and the nodes of all zones lose their way out with that gateway's " +
      "zone.",
  }),
  cidrBlock: orNull(cidr("10.42.0.0/16"), "required without `existing`", {
    doc: `Block of a new VPC, from /${vpcPrefix.shortest} to /${vpcPrefix.longest}. Pods take their addresses from it.`,
    change: { kind: "fixed", what: "the VPC would be replaced" },
    source: vpcPrefix.source,
    example: "10.42.0.0/16",
  }),
  subnets: addedLater(
    orNull(group(subnetKeys), "cut from `cidrBlock`", {
      doc: "Blocks of a new VPC's subnets.",
      change: { kind: "up", note: "blocks of a new zone only; subnets in use can't be replaced" },
    }),
  ),
};

/** The VPC and its subnets: `network` of the config. */
export interface NetworkConfig extends ValueOf<typeof networkKeys> {}
type Check = Rule<NetworkConfig>;

const existingOrNew: Check = ({ cidrBlock, existing }, place, given) => {
  if (existing !== null && (cidrBlock !== null || given("subnets")))
    place.add(
      "existing",
      existing.vpcId,
      "can't be combined with cidrBlock or subnets",
      "Keep either the existing VPC or the blocks of a new one",
    );
  if (existing === null && !given("existing") && !given("cidrBlock"))
    place.add("cidrBlock", null, "is required without `existing`", "Write a block like 10.42.0.0/16");
};

const memberZonesAreZones: Check = ({ memberZones, availabilityZones, existing }, place) => {
  if (memberZones === undefined) return;
  if (existing !== null)
    place.add(
      "memberZones",
      memberZones,
      "is for a new VPC: with an existing one its privateSubnetIds say it",
      "Remove it",
    );
  else
    for (const zone of memberZones)
      if (!availabilityZones.includes(zone))
        place.add("memberZones", zone, "is not among availabilityZones", `Choose of ${availabilityZones.join(", ")}`);
};

const largeEnough: Check = ({ cidrBlock, availabilityZones: zones, existing }, place, given) => {
  const prefix = cidrBlock === null || existing !== null ? null : (parseCidr(cidrBlock)?.prefix ?? null);
  if (cidrBlock === null || prefix === null) return;
  if (prefix < vpcPrefix.shortest || prefix > vpcPrefix.longest)
    place.add(
      "cidrBlock",
      cidrBlock,
      `a VPC's prefix is from /${vpcPrefix.shortest} to /${vpcPrefix.longest}`,
      "Choose a block like 10.42.0.0/16",
    );
  else if (!given("subnets") && zones.length > 0 && subnetBlocks(cidrBlock, zones.length) === null)
    place.add(
      "cidrBlock",
      cidrBlock,
      `is too small for a private and a public subnet in each of ${zones.length} zones`,
      "Choose a block of /24 or larger; /16 leaves room for pods",
    );
};

const subnetsFit: Check = ({ subnets, cidrBlock, availabilityZones: zones, existing }, place) => {
  if (subnets == null || existing !== null) return;
  const outer = cidrBlock === null ? null : parseCidr(cidrBlock);
  const known: { readonly path: string; readonly text: string }[] = [];
  for (const [name, blocks] of Object.entries(subnets)) {
    const key = `subnets.${name}`;
    if (blocks.length !== zones.length)
      place.add(key, blocks, `must have one block for each of the ${zones.length} zones`, "Add or remove blocks");
    blocks.forEach((text, index) => {
      const path = `${key}[${index}]`;
      const block = parseCidr(text);
      if (block === null) return;
      if (outer !== null && (!overlap(outer, block) || block.prefix < outer.prefix))
        place.add(path, text, `must lie inside of the VPC's block ${cidrBlock}`, "Choose a block inside of it");
      for (const other of known) {
        const otherBlock = parseCidr(other.text);
        if (otherBlock !== null && overlap(block, otherBlock))
          place.add(path, text, `overlaps with ${other.path} ${other.text}`, "Choose blocks that don't overlap");
      }
      known.push({ path: place.at(path), text });
    });
  }
};

/** A wrong `cidrBlock` reads as null, like a missing one. */
export const network = group(networkKeys, [existingOrNew, memberZonesAreZones, largeEnough, subnetsFit]);
