/**
 * All faults of a sandbox under one roof: those that wait for calls, rules for pods, and what was broken at once and is
 * mended when its fault is removed.
 */
import type { ControllerAction } from "../contract";
import { faultText } from "../faults/text";
import {
  checkFault,
  type ControllerFaultSpec,
  type FaultSpec,
  type ListedFault,
  type NodeFaultSpec,
  type PodFaultSpec,
} from "../faults/spec";
import type { Armed } from "../faults/call-faults";
import type { AwsFaultSpec, KubernetesFaultSpec, TargetsFaultSpec } from "../faults/spec";
import type { PodFaultRule } from "../contract";
import { belongs, type PodIdentity } from "../node-agent/programs/pod-faults";
import { SandboxError } from "../shared/errors";

type AwsFaults = {
  list(): readonly Armed<AwsFaultSpec>[];
  spent(): readonly Armed<AwsFaultSpec>[];
  add(fault: unknown): Armed<AwsFaultSpec>;
  remove(id: string): boolean;
  releaseAll(): void;
};
type KubernetesFaults = {
  list(): readonly Armed<KubernetesFaultSpec>[];
  spent(): readonly Armed<KubernetesFaultSpec>[];
  add(fault: unknown): Armed<KubernetesFaultSpec>;
  remove(id: string): boolean;
  releaseAll(): void;
};

/** What faults do to the sandbox's parts. */
export interface FaultTargets {
  readonly aws: () => AwsFaults | null;
  readonly kubernetes: KubernetesFaults;
  readonly clusters: () => readonly string[];
  readonly stopApiServer: (cluster: string) => Promise<void>;
  readonly startApiServer: (cluster: string) => Promise<void>;
  readonly controller: (cluster: string, action: ControllerAction) => void;
  /** Answers the node's name. @throws when there is none */
  readonly nodeDown: (cluster: string, node: string | null) => string;
  readonly nodeUp: (cluster: string, node: string) => void;
  readonly crashPods: (cluster: string, service: string, count: number | null) => Promise<readonly string[]>;
  /** The rules have changed: every cluster's nodes ask `rulesFor`. */
  readonly podRulesChanged: () => void;
  /** Takes the chart repository down, or brings it back. @throws when there is none */
  readonly charts: (down: boolean) => void;
  /** Answers what was deregistered. */
  readonly removeTargets: (group: string, address: string, count: number | null) => readonly string[];
}

interface Held {
  readonly id: string;
  readonly spec: FaultSpec;
  state: ListedFault["state"];
  hits: number;
  readonly mend: () => Promise<void> | void;
}

const nothing = (): void => undefined;

export class SandboxFaults {
  private readonly held = new Map<string, Held>();
  private next = 1;

  constructor(private readonly on: FaultTargets) {}

  /** Armed and active ones; with `all` also those that did their work. */
  list(all = false): ListedFault[] {
    const calls = [this.on.aws(), this.on.kubernetes].flatMap((faults) =>
      faults === null
        ? []
        : [
            ...(all ? faults.spent() : []).map((one) => ({ one, state: "spent" as const })),
            ...faults.list().map((one) => ({ one, state: "armed" as const })),
          ],
    );
    const held = [...this.held.values()].filter((one) => all || one.state !== "spent");
    return [
      ...calls.map(({ one: { id, hits, operations, ...spec }, state }) => ({
        id,
        text: faultText(spec as FaultSpec),
        state,
        hits,
        ...(operations === undefined ? {} : { operations }),
        ...spec,
      })),
      ...held.map(({ id, spec, state, hits }) => ({ id, text: faultText(spec), state, hits, ...spec })),
    ];
  }

  /** @throws SBX-FAULT, SBX-NO-CLUSTER */
  async add(value: unknown): Promise<object> {
    const spec = checkFault(value);
    switch (spec.on) {
      case undefined:
      case "aws":
        return this.aws().add(spec);
      case "kubernetes":
        return this.on.kubernetes.add(spec);
      case "api-server":
        return await this.broken(
          spec,
          this.clustersOf(spec.cluster),
          (cluster) => this.on.stopApiServer(cluster),
          (cluster) => this.on.startApiServer(cluster),
        );
      case "controller":
        return await this.controller(spec);
      case "node":
        return await this.node(spec);
      case "pods":
        return spec.kind === "crash" ? await this.crash(spec) : this.rule(spec);
      case "targets":
        return this.targets(spec);
      case "charts":
        this.on.charts(true);
        return this.hold(spec, "active", 1, () => this.on.charts(false));
      default:
        return spec satisfies never;
    }
  }

  /** Mends what it broke. False when there is none of that id. */
  async remove(id: string): Promise<boolean> {
    const held = this.held.get(id);
    if (held === undefined) return (this.on.aws()?.remove(id) ?? false) || this.on.kubernetes.remove(id);
    this.held.delete(id);
    if (held.spec.on === "pods") this.on.podRulesChanged();
    if (held.state !== "spent") await held.mend();
    return true;
  }

  /** Answers how many there were. */
  async clear(): Promise<number> {
    const ids = this.list().map(({ id }) => id);
    await Promise.all(ids.map((id) => this.remove(id)));
    for (const calls of [this.on.aws(), this.on.kubernetes]) calls?.releaseAll();
    return ids.length;
  }

  /** Whether a pod that is being made gets no credentials for AWS; counts it. `pod`: its name may still be a beginning. */
  withholdsCredentials(cluster: string, pod: PodIdentity): boolean {
    for (const held of this.held.values()) {
      const { spec, hits } = held;
      if (spec.on !== "pods" || spec.kind !== "no-credentials") continue;
      if ((spec.cluster !== "*" && spec.cluster !== cluster) || !belongs(pod, spec.service)) continue;
      if (hits >= (spec.pods ?? Infinity)) continue;
      held.hits += 1;
      return true;
    }
    return false;
  }

  /** Rules for pods of one cluster; what a node agent must know when it starts. */
  rulesFor(cluster: string): PodFaultRule[] {
    return [...this.held.values()].flatMap(({ id, spec }) =>
      spec.on === "pods" &&
      spec.kind !== "crash" &&
      spec.kind !== "no-credentials" &&
      (spec.cluster === "*" || spec.cluster === cluster)
        ? [{ ...spec, id }]
        : [],
    );
  }

  countHits(hits: Readonly<Record<string, number>>): void {
    for (const [id, count] of Object.entries(hits)) {
      const held = this.held.get(id);
      if (held !== undefined) held.hits += count;
    }
  }

  private aws(): AwsFaults {
    const faults = this.on.aws();
    if (faults === null)
      throw new SandboxError(
        "SBX-NO-AWS-FRONT",
        "this sandbox runs without the AWS front",
        "Run `npm run build` and start it again.",
      );
    return faults;
  }

  /** What is broken at once needs somebody to break. */
  private clustersOf(cluster: string): readonly string[] {
    const there = this.on.clusters();
    const hit = cluster === "*" ? there : there.filter((name) => name === cluster);
    if (hit.length > 0) return hit;
    throw new SandboxError(
      "SBX-NO-CLUSTER",
      `no cluster ${cluster === "*" ? "" : `named ${cluster} `}runs in this sandbox`,
      `These do: ${there.join(", ") || "none"}. A fault that strikes at once needs its cluster; in a rehearsal ` +
        "say when, like '…@admit.gate'.",
    );
  }

  private hold(spec: FaultSpec, state: Held["state"], hits: number, mend: Held["mend"]): object {
    const id = `${spec.on ?? "aws"}-${this.next++}`;
    this.held.set(id, { id, spec, state, hits, mend });
    return { id, text: faultText(spec), state, hits };
  }

  private async broken(
    spec: FaultSpec,
    clusters: readonly string[],
    breaks: (cluster: string) => Promise<void> | void,
    mends: (cluster: string) => Promise<void> | void,
  ): Promise<object> {
    for (const cluster of clusters) await breaks(cluster);
    return this.hold(spec, "active", clusters.length, async () => {
      // One that was deleted meanwhile needs no mending.
      for (const cluster of clusters) if (this.on.clusters().includes(cluster)) await mends(cluster);
    });
  }

  private async controller(spec: ControllerFaultSpec): Promise<object> {
    if (spec.kind === "no-credentials") return this.controllerWithoutCredentials(spec);
    const clusters = this.clustersOf(spec.cluster);
    if (spec.kind !== "crash")
      return await this.broken(
        spec,
        clusters,
        (cluster) => this.on.controller(cluster, spec.kind === "down" ? "stop" : "pause"),
        (cluster) => this.on.controller(cluster, "start"),
      );
    for (const cluster of clusters) this.on.controller(cluster, "crash");
    return this.hold(spec, "spent", clusters.length, nothing);
  }

  /** Also of a cluster that is still to come: there it strikes the first pods. */
  private controllerWithoutCredentials(spec: ControllerFaultSpec): object {
    const clusters = spec.cluster === "*" ? this.clustersOf("*") : [spec.cluster];
    for (const cluster of clusters) this.on.controller(cluster, "no-credentials");
    return this.hold(spec, "active", clusters.length, () => {
      for (const cluster of clusters) this.on.controller(cluster, "start");
    });
  }

  private async node(spec: NodeFaultSpec): Promise<object> {
    const names = new Map<string, string>();
    const down = (cluster: string): void => void names.set(cluster, this.on.nodeDown(cluster, spec.node ?? null));
    return await this.broken(spec, this.clustersOf(spec.cluster), down, (cluster) =>
      this.on.nodeUp(cluster, names.get(cluster) ?? ""),
    );
  }

  private async crash(spec: PodFaultSpec): Promise<object> {
    const hit = (
      await Promise.all(
        this.clustersOf(spec.cluster).map((cluster) => this.on.crashPods(cluster, spec.service, spec.pods ?? null)),
      )
    ).flat();
    if (hit.length === 0)
      throw new SandboxError(
        "SBX-FAULT",
        `no running pod of '${spec.service}' is in ${spec.cluster}`,
        "`kubectl get pods -A` shows what runs.",
      );
    return { ...this.hold(spec, "spent", hit.length, nothing), pods: hit };
  }

  private rule(spec: PodFaultSpec): object {
    const made = this.hold(spec, "armed", 0, nothing);
    this.on.podRulesChanged();
    return made;
  }

  private targets(spec: TargetsFaultSpec): object {
    const removed = this.on.removeTargets(spec.group, spec.address ?? "", spec.count ?? null);
    if (removed.length === 0)
      throw new SandboxError(
        "SBX-FAULT",
        "no target is registered in " +
          `${spec.group}${spec.address === undefined ? "" : ` with an address that begins ${spec.address}`}`,
        "`aws elbv2 describe-target-health` shows what is registered.",
      );
    return { ...this.hold(spec, "spent", removed.length, nothing), targets: removed };
  }
}
