/** IPv4 block arithmetic, purely. */

export interface Cidr {
  /** First address as an unsigned 32-bit number. */
  readonly base: number;
  readonly prefix: number;
}

/** Null when the text is no IPv4 block, or has bits set behind its prefix. */
export function parseCidr(text: string): Cidr | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1, 5).map(Number);
  const prefix = Number(match[5]);
  if (octets.some((octet) => octet > 255) || prefix > 32) return null;
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return base % sizeOf({ base, prefix }) === 0 ? { base, prefix } : null;
}

export function formatCidr(cidr: Cidr): string {
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(cidr.base / 2 ** shift) % 256);
  return `${octets.join(".")}/${cidr.prefix}`;
}

export function sizeOf(cidr: Cidr): number {
  return 2 ** (32 - cidr.prefix);
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** Whether all addresses of `inner` are in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && overlap(outer, inner);
}

export interface SubnetBlocks {
  readonly privateBlocks: readonly string[];
  readonly publicBlocks: readonly string[];
}

/** Longest prefix of a subnet that still holds a load balancer's nodes and some instances (AWS's own limit is 28). */
const longestSubnetPrefix = 28;

/**
 * A private and a public subnet for each of `zones` zones. The VPC's first half is cut into equal private blocks (pods
 * take
 * their addresses there), its last quarter into public ones (they hold only NAT gateways and internet-facing
 * load balancers). The cut depends on the number of zones rounded up to a power of two, at least four, so that a zone
 * added later
 * (up to four) moves no subnet. Null when the VPC is too small.
 */
export function subnetBlocks(vpc: string, zones: number): SubnetBlocks | null {
  const cidr = parseCidr(vpc);
  if (cidr === null || zones < 1) return null;
  const bits = Math.max(2, Math.ceil(Math.log2(zones)));
  const privatePrefix = cidr.prefix + 1 + bits;
  const publicPrefix = cidr.prefix + 2 + bits;
  if (publicPrefix > longestSubnetPrefix) return null;
  const block = (offset: number, prefix: number, index: number): string =>
    formatCidr({ base: cidr.base + offset + index * 2 ** (32 - prefix), prefix });
  const indices = Array.from({ length: zones }, (_, index) => index);
  return {
    privateBlocks: indices.map((index) => block(0, privatePrefix, index)),
    publicBlocks: indices.map((index) => block(sizeOf(cidr) * 0.75, publicPrefix, index)),
  };
}
