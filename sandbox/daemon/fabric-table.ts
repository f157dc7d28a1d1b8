/**
 * Where every address of the sandbox's VPC really listens: gathered from node agents and data plane, told to the data
 * plane, written for clients.
 */
import type { FabricEntry, FabricMessage } from "../contract";
import { writeAtomically } from "../control-plane/kubeconfig";

export class FabricTable {
  private readonly entries = new Map<string, FabricEntry & { readonly owner: string }>();

  constructor(
    private readonly connectToFile: string,
    private readonly publish: (message: FabricMessage) => void,
    /** The same for curl itself, as its configuration file. */
    private readonly curlFile: string | null = null,
  ) {
    this.writeConnectTo();
  }

  /** `owner` is who reported it: when that process ends, its addresses end too. */
  apply(message: FabricMessage, owner: string): void {
    if (message.type === "fabric-set") this.set(message.entry, owner);
    else this.delete(message.address, message.port, owner);
  }

  private set(entry: FabricEntry, owner: string): void {
    // The table is the only way out of the VPC's made-up addresses: what it holds must be on this machine.
    if (!/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(entry.host))
      throw new Error(`${entry.address}:${entry.port} would lead to ${entry.host}, which is not in 127.0.0.0/8`);
    this.entries.set(`${entry.address}:${entry.port}`, { ...entry, owner });
    this.publish({ type: "fabric-set", entry });
    if (owner === "data-plane") this.writeConnectTo();
  }

  private delete(address: string, port: number, owner: string): void {
    const key = `${address}:${port}`;
    // An address may have moved on to another pod (of another cluster) before its first owner's farewell arrives.
    if (this.entries.get(key)?.owner !== owner) return;
    this.entries.delete(key);
    this.publish({ type: "fabric-delete", address, port });
    if (owner === "data-plane") this.writeConnectTo();
  }

  dropOwner(owner: string): void {
    for (const entry of [...this.entries.values()])
      if (entry.owner === owner) this.delete(entry.address, entry.port, owner);
  }

  list(): FabricEntry[] {
    return [...this.entries.values()].map(({ address, port, host, hostPort }) => ({ address, port, host, hostPort }));
  }

  /** Load balancers only: what clients outside may dial, in curl's `--connect-to` syntax. */
  private writeConnectTo(): void {
    const lines = [...this.entries.values()]
      .filter((entry) => entry.owner === "data-plane")
      .map((entry) => `${entry.address}:${entry.port}:${entry.host}:${entry.hostPort}`);
    writeAtomically(this.connectToFile, lines.map((line) => `${line}\n`).join(""));
    if (this.curlFile !== null)
      writeAtomically(this.curlFile, lines.map((line) => `connect-to = "${line}"\n`).join(""));
  }
}
