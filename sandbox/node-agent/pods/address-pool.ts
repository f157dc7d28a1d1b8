/**
 * Hands out a node's pod addresses; the one that was given back longest ago is taken first, so that a late packet
 * doesn't meet a new pod.
 */
export class AddressPool {
  private readonly free: string[];
  private readonly owners = new Map<string, string>();

  constructor(addresses: readonly string[]) {
    this.free = [...addresses];
  }

  /**
   * The address that `owner` has, or gets; `wanted` (what its status says after the agent's restart) if that is free.
   * Null when none is left.
   */
  take(owner: string, wanted?: string): string | null {
    for (const [address, holder] of this.owners) if (holder === owner) return address;
    const index = wanted === undefined ? -1 : this.free.indexOf(wanted);
    const [address] = this.free.splice(Math.max(0, index), 1);
    if (address === undefined) return null;
    this.owners.set(address, owner);
    return address;
  }

  give(owner: string): void {
    for (const [address, holder] of this.owners) {
      if (holder !== owner) continue;
      this.owners.delete(address);
      this.free.push(address);
    }
  }
}
