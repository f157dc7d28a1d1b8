/** Which network interface carries an address, in the ways in which the VPC CNI gives addresses to pods. */
import type { Filter, NetworkInterface } from "@aws-sdk/client-ec2";
import { overlap, parseCidr } from "../../../components/internal/cidr";

/** One filter takes 200 values. */
const mostValues = 200;

/** With prefix delegation an interface has blocks of 16 addresses, and EC2 knows none of them by itself. */
function hasPrefixOf(one: NetworkInterface, address: string): boolean {
  const host = parseCidr(`${address}/32`);
  return (
    host !== null &&
    (one.Ipv4Prefixes ?? []).some(({ Ipv4Prefix }) => {
      const block = parseCidr(Ipv4Prefix ?? "");
      return block !== null && overlap(block, host);
    })
  );
}

/**
 * By address; those that EC2 does not know are left out. Addresses are unique within a VPC only: another VPC's
 * interface may have the same
 * one. `describe` answers all pages of the interfaces that fit the filters.
 */
export async function interfacesByAddress(
  addresses: readonly string[],
  vpcId: string,
  describe: (filters: Filter[]) => Promise<readonly NetworkInterface[]>,
): Promise<ReadonlyMap<string, NetworkInterface>> {
  const wanted = new Set(addresses);
  const ofVpc: Filter = { Name: "vpc-id", Values: [vpcId] };
  const found = new Map<string, NetworkInterface>();
  for (let at = 0; at < addresses.length; at += mostValues) {
    for (const one of await describe([
      { Name: "addresses.private-ip-address", Values: addresses.slice(at, at + mostValues) },
      ofVpc,
    ])) {
      for (const { PrivateIpAddress: address } of one.PrivateIpAddresses ?? [])
        if (address !== undefined && wanted.has(address)) found.set(address, one);
    }
  }
  const missing = addresses.filter((address) => !found.has(address));
  // No filter finds an interface by an address inside of its prefix.
  const others = missing.length === 0 ? [] : await describe([ofVpc]);
  for (const one of others) for (const address of missing) if (hasPrefixOf(one, address)) found.set(address, one);
  return found;
}
