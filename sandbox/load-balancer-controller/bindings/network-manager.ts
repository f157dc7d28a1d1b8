/** Keeps the rules that bindings with `spec.networking` ask for on the security groups of their pods' nodes. */
import { scaledMs } from "../../shared/clock";
import type { Ec2, NetworkInterface } from "../aws/ec2";
import { log } from "../log";
import {
  instanceOf,
  merged,
  type Permission,
  permissionsOf,
  RULE_DESCRIPTION,
  without,
} from "../aws/ingress-permissions";
import type { Store } from "./store";
import { keyOf, type PodEndpoint, type PodObject, type TargetGroupBinding } from "../types";

const GROUPS_SECONDS = 600;
/** EC2's answers that mean: the rules aren't what they were when they were last looked at. */
const STALE = /^(InvalidPermission\.Duplicate|InvalidPermission\.NotFound|RulesPerSecurityGroupLimitExceeded)$/;

type PerGroup = ReadonlyMap<string, readonly Permission[]>;

export class NetworkManager {
  private readonly computed = new Map<string, PerGroup>();
  private readonly tracked = new Set<string>();
  private trackedFromAws = false;
  private readonly rules = new Map<string, { readonly ingress: readonly Permission[]; readonly until: number }>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly parts: {
      readonly ec2: Ec2;
      readonly store: Store;
      readonly clusterName: string;
      readonly timeScale: number;
    },
  ) {}

  /** @throws what EC2 answers, and when a pod's interface or its security group can't be told. */
  reconcile(binding: TargetGroupBinding, endpoints: readonly PodEndpoint[]): Promise<void> {
    const { networking } = binding.spec;
    return this.inTurn(async () =>
      this.apply(
        binding,
        networking ? await this.compute(networking, endpoints) : new Map<string, readonly Permission[]>(),
      ),
    );
  }

  /** For the end of a binding. */
  cleanUp(binding: TargetGroupBinding): Promise<void> {
    return this.inTurn(() => this.apply(binding, new Map()));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work, work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async compute(
    networking: NonNullable<TargetGroupBinding["spec"]["networking"]>,
    endpoints: readonly PodEndpoint[],
  ): Promise<PerGroup> {
    const pods = new Map<string, PodObject[]>();
    for (const [group, endpoint] of await this.groupsOf(endpoints)) {
      const pod = this.parts.store.pod(endpoint.pod);
      // A node's rules name port numbers only: no pod is asked for a named one.
      if (pod || endpoint.node !== undefined) pods.set(group, [...(pods.get(group) ?? []), ...(pod ? [pod] : [])]);
    }
    return new Map([...pods].map(([group, ofGroup]) => [group, permissionsOf(networking, ofGroup)]));
  }

  private async groupsOf(endpoints: readonly PodEndpoint[]): Promise<(readonly [string, PodEndpoint])[]> {
    const { ec2, store } = this.parts;
    if (endpoints.length === 0) return [];
    const nodes = endpoints.filter((one) => one.node !== undefined);
    if (nodes.length > 0) return this.groupsOfNodes(nodes);
    const instances = new Set(
      endpoints
        .map((one) => instanceOf(store.node(store.pod(one.pod)?.spec?.nodeName ?? "")?.spec?.providerID))
        .filter((one) => one !== null),
    );
    const found = instances.size > 0 ? await ec2.interfacesOfInstances([...instances]) : [];
    const of = (ip: string): NetworkInterface | undefined => found.find((one) => one.addresses.includes(ip));
    const missing = [...new Set(endpoints.map((one) => one.ip).filter((ip) => !of(ip)))];
    if (missing.length > 0) found.push(...(await ec2.interfacesOfAddresses(missing)));
    const unresolved = endpoints.filter((one) => !of(one.ip));
    if (unresolved.length > 0)
      throw new Error(`cannot resolve pod ENI for pods: [${unresolved.map((one) => one.pod).join(" ")}]`);
    const result: (readonly [string, PodEndpoint])[] = [];
    for (const endpoint of endpoints) result.push([await this.endpointGroup(of(endpoint.ip)?.groups ?? []), endpoint]);
    return result;
  }

  private async groupsOfNodes(endpoints: readonly PodEndpoint[]): Promise<(readonly [string, PodEndpoint])[]> {
    const result: (readonly [string, PodEndpoint])[] = [];
    for (const endpoint of endpoints) {
      const [primary] = await this.parts.ec2.interfacesOfInstances([endpoint.ip]);
      if (!primary) throw new Error(`cannot resolve ENI of the node ${endpoint.node} (${endpoint.ip})`);
      result.push([await this.endpointGroup(primary.groups), endpoint]);
    }
    return result;
  }

  /** Of several groups it is the one with the cluster's tag. */
  private async endpointGroup(groups: readonly string[]): Promise<string> {
    if (groups.length === 1 && groups[0]) return groups[0];
    const tag = `kubernetes.io/cluster/${this.parts.clusterName}`;
    const tagged = (await this.parts.ec2.securityGroups({ ids: groups }))
      .filter((group) => group.tags.has(tag))
      .map((group) => group.id);
    if (tagged.length === 1 && tagged[0]) return tagged[0];
    throw new Error(
      `expected exactly one securityGroup tagged with ${tag}, got: [${tagged.join(" ")}] (clusterName: ` +
        `${this.parts.clusterName})`,
    );
  }

  private async apply(binding: TargetGroupBinding, perGroup: PerGroup): Promise<void> {
    this.computed.set(keyOf(binding), perGroup);
    for (const group of perGroup.keys()) this.tracked.add(group);
    const wanted = new Set([...this.parts.store.bindings.values()].filter((one) => one.spec.networking).map(keyOf));
    if (binding.spec.networking) wanted.add(keyOf(binding));
    else wanted.delete(keyOf(binding));
    for (const key of [...this.computed.keys()]) if (!wanted.has(key)) this.computed.delete(key);
    // Until every binding was looked at since the start, a rule that nobody seems to want may be another binding's.
    const complete = this.computed.size === wanted.size;
    const aggregated = this.aggregate();
    const errors: Error[] = [];
    for (const [group, permissions] of aggregated)
      await this.reconcileGroup(group, permissions, complete).catch((error: Error) => errors.push(error));
    if (complete) await this.collectGarbage(aggregated);
    if (errors.length > 0) throw new Error(errors.map((error) => `${error.name}: ${error.message}`).join("\n"));
  }

  private aggregate(): Map<string, Permission[]> {
    const all = new Map<string, Permission[]>();
    for (const perGroup of this.computed.values())
      for (const [group, permissions] of perGroup) all.set(group, [...(all.get(group) ?? []), ...permissions]);
    return new Map([...all].map(([group, permissions]) => [group, merged(permissions)]));
  }

  private async collectGarbage(used: ReadonlyMap<string, unknown>): Promise<void> {
    if (!this.trackedFromAws) {
      for (const group of await this.parts.ec2.securityGroups({
        filters: { "tag-key": [`kubernetes.io/cluster/${this.parts.clusterName}`] },
      })) {
        this.tracked.add(group.id);
        this.remember(group.id, group.ingress);
      }
      this.trackedFromAws = true;
    }
    for (const group of [...this.tracked].filter((one) => !used.has(one))) {
      try {
        await this.reconcileGroup(group, [], true);
      } catch (error) {
        if ((error as Error).name !== "InvalidGroup.NotFound") throw error;
        this.tracked.delete(group);
      }
    }
  }

  private async reconcileGroup(group: string, wanted: readonly Permission[], revoke: boolean): Promise<void> {
    try {
      await this.changeGroup(group, wanted, revoke);
    } catch (error) {
      if (!STALE.test((error as Error).name)) throw error;
      this.rules.delete(group);
      await this.changeGroup(group, wanted, revoke);
    }
  }

  private async changeGroup(group: string, wanted: readonly Permission[], revoke: boolean): Promise<void> {
    const { ec2 } = this.parts;
    const present = await this.ingressOf(group);
    const missing = without(wanted, present);
    const extra = revoke ? without(present, wanted).filter((one) => one.description === RULE_DESCRIPTION) : [];
    if (missing.length === 0 && extra.length === 0) return;
    this.rules.delete(group);
    log("info", "security group rules", { group, authorize: missing, revoke: extra });
    if (missing.length > 0) await ec2.authorize(group, missing, RULE_DESCRIPTION);
    if (extra.length > 0) await ec2.revoke(group, extra);
  }

  private async ingressOf(group: string): Promise<readonly Permission[]> {
    const known = this.rules.get(group);
    if (known && known.until > Date.now()) return known.ingress;
    const [found] = await this.parts.ec2.securityGroups({ ids: [group] });
    const ingress = found?.ingress ?? [];
    this.remember(group, ingress);
    return ingress;
  }

  private remember(group: string, ingress: readonly Permission[]): void {
    this.rules.set(group, { ingress, until: Date.now() + scaledMs(GROUPS_SECONDS, this.parts.timeScale) });
  }
}
