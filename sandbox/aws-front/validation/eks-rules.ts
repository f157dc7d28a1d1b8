/** EKS's rules that its model does not have. Source: EKS API Reference, the member's own text, checked 2026-11-30. */

type Input = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Input =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Input) : {};

/** What is wrong, in EKS's words; null when nothing is. Pure. */
export function eksViolation(operation: string, input: Input): string | null {
  const range = objectOf(input["kubernetesNetworkConfig"])["serviceIpv4Cidr"];
  if (operation === "CreateCluster" && typeof range === "string") {
    const refused = serviceRange(range);
    if (refused !== null) return refused;
  }
  const vpc = objectOf(input["resourcesVpcConfig"]);
  return publicCidrs(vpc) ?? reservedTags(objectOf(input["tags"]));
}

/** Within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, and between /24 and /12. */
function serviceRange(value: string): string | null {
  const [, a, b, c, d, prefix] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(value) ?? [];
  const octets = [a, b, c, d].map(Number);
  if (prefix === undefined || octets.some((one) => one > 255))
    return `serviceIpv4Cidr ${value} is not a valid CIDR block`;
  const [first = 0, second = 0] = octets;
  const bits = Number(prefix);
  const isPrivate =
    first === 10 || (first === 172 && second >= 16 && second <= 31) || (first === 192 && second === 168 && bits >= 16);
  if (!isPrivate) return `serviceIpv4Cidr ${value} is not within 10.0.0.0/8, 172.16.0.0/12, or 192.168.0.0/16`;
  return bits >= 12 && bits <= 24 ? null : `serviceIpv4Cidr ${value} must be between /24 and /12`;
}

function publicCidrs(vpc: Input): string | null {
  if (vpc["endpointPublicAccess"] === false && vpc["endpointPrivateAccess"] === false)
    return "Private and public endpoint access cannot be false";
  const blocks = vpc["publicAccessCidrs"];
  if (!Array.isArray(blocks)) return null;
  const bad = blocks.find((one) => typeof one !== "string" || !/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(one)) as unknown;
  return bad === undefined ? null : `The following CIDRs are invalid in publicAccessCidrs: [${String(bad)}]`;
}

function reservedTags(tags: Input): string | null {
  const reserved = Object.keys(tags).find((key) => /^aws:/i.test(key));
  return reserved === undefined ? null : `Tag keys starting with 'aws:' are reserved for internal use: ${reserved}`;
}
