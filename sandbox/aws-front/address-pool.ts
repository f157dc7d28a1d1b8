/**
 * Addresses for nodes and their pods, out of the subnets' own ranges: unique over all clusters, and a released one
 * comes back only after all others.
 */
import { ipv4Text, range } from "./cidr";
import { invalidRequest } from "./aws-error";

export class AddressPool {
  private readonly next = new Map<string, number>();
  private readonly used = new Set<string>();

  /** `taken` are addresses that others have in EC2. */
  allocate(cidr: string, count: number, taken: ReadonlySet<string>): string[] {
    const bounds = range(cidr);
    if (bounds === null) throw invalidRequest(`The sandbox knows only IPv4 subnets, not ${cidr}`);
    // AWS keeps the first four addresses and the last.
    const [first, last] = [bounds.first + 4, bounds.last - 1];
    const found: string[] = [];
    let at = Math.max(this.next.get(cidr) ?? first, first);
    for (let tried = 0; tried <= last - first && found.length < count; tried += 1, at += 1) {
      if (at > last) at = first;
      const address = ipv4Text(at);
      if (!this.used.has(address) && !taken.has(address)) found.push(address);
    }
    if (found.length < count)
      throw invalidRequest(`InsufficientFreeAddresses: the subnet ${cidr} has no ${count} free addresses left`);
    this.next.set(cidr, at);
    for (const address of found) this.used.add(address);
    return found;
  }

  release(addresses: readonly string[]): void {
    for (const address of addresses) this.used.delete(address);
  }
}
