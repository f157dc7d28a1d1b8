/** EKS's deletion protection in the world in memory: a destruction of a protected cluster fails, as EKS refuses it. */
import { DriverError } from "../../automation/errors";
import type { Ports } from "../../automation/ports";
import { config, Killed, type World } from "./world";

export const protectedConfig = {
  "eks-blue-green:cluster": JSON.stringify({
    ...(JSON.parse(config["eks-blue-green:cluster"]) as object),
    deletionProtection: true,
  }),
};

export class ProtectedClusters {
  /** By member. A cluster that is made is protected when `makes`. */
  readonly on = new Map<string, boolean>();
  makes = true;
  /** What EKS says of clusters that it works on no update of. */
  status = "ACTIVE";
  /** The members' stacks have no clusters of their own: destroying them asks EKS for nothing. */
  theirs = false;
  /** Updates that EKS works on, by member; each is done at the third look at it. */
  readonly updates = new Map<string, { readonly to: boolean; looks: number }>();
  /** What EKS was asked for, as `blue off`, and what was destroyed. */
  readonly asked: string[] = [];
  /** After this one of `asked` the driver is dead. */
  killAfter: string | null = null;
  /** Thrown when EKS is asked, or when a stack is to be destroyed. */
  refuse: (what: string) => DriverError | null = () => null;

  constructor(private readonly world: World) {
    const ports = world.ports.bind(world);
    world.ports = () => this.around(ports());
  }

  isOn(member: string): boolean {
    return this.on.get(member) ?? this.makes;
  }

  private settle(member: string): void {
    const update = this.updates.get(member);
    if (update === undefined || (update.looks += 1) < 3) return;
    this.on.set(member, update.to);
    this.updates.delete(member);
  }

  private note(what: string): void {
    const refusal = this.refuse(what);
    if (refusal !== null) throw refusal;
    this.asked.push(what);
  }

  private dieAfter(what: string): void {
    if (this.killAfter !== what) return;
    this.killAfter = null;
    this.world.dead = true;
    throw new Killed();
  }

  private around(ports: ReturnType<World["ports"]>): ReturnType<World["ports"]> {
    const memberOf = (clusterName: string): string => clusterName.replace(/^dev-/, "");
    const aws: Partial<Ports["aws"]> = {
      clusterStatus: async (clusterName) => {
        const member = memberOf(clusterName);
        this.settle(member);
        const known = await ports.aws.clusterStatus(clusterName);
        if (known === null) return null;
        const status = this.updates.has(member) ? "UPDATING" : this.status;
        return { ...known, status, deletionProtection: this.isOn(member) };
      },
      setDeletionProtection: async (clusterName, on) => {
        const member = memberOf(clusterName);
        if (this.updates.has(member)) return null;
        const what = `${member} ${on ? "on" : "off"}`;
        this.note(what);
        this.updates.set(member, { to: on, looks: 0 });
        this.dieAfter(what);
        return member;
      },
      clusterUpdate: async (_name, member) => {
        this.settle(member);
        return { status: this.updates.has(member) ? "running" : "done", message: "" };
      },
    };
    const destroy: typeof ports.pulumi.destroy = async (member, ...rest) => {
      // The rest of what a killed driver began.
      if (!this.world.clusters.has(member)) return await ports.pulumi.destroy(member, ...rest);
      if (!this.theirs && (this.updates.has(member) || (this.status === "ACTIVE" && this.isOn(member))))
        throw new DriverError("EBG-UPDATE-FAILED", `InvalidRequestException: dev-${member} is protected`, "see to it");
      this.note(`destroy ${member}`);
      const applied = await ports.pulumi.destroy(member, ...rest);
      this.on.delete(member);
      this.dieAfter(`destroy ${member}`);
      return applied;
    };
    return { ...ports, aws: { ...ports.aws, ...aws }, pulumi: { ...ports.pulumi, destroy } };
  }
}
