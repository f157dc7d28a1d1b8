/**
 * An environment in memory behind the driver's ports, on a virtual clock: every effect can fail, lose its answer, or be
 * the last thing a killed driver did.
 */
import { parseEnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import {
  capacityOf,
  desiredOfMember,
  initialRecord,
  type EnvironmentRecord,
  type RolloutCommand,
} from "../../stacks/record";
import { DriverError } from "../../automation/errors";
import type { DriverEventBody } from "../../automation/events";
import type { Binding, PlannedOperation, Ports, Target } from "../../automation/ports";
import type { HookCall, HookEnd } from "../../automation/ports/hooks";
import type { NetworkReading, UpgradeInsights } from "../../automation/ports/readings";
import { runPlan, type UpgradePlan } from "../../automation/commands/plan";
import { readFamily } from "../../automation/environment/state";
import { runAsked } from "../../automation/commands/upgrade";
import type { RolloutResult } from "../../automation/rollout/rollout";
import { noAdoption, plainNetwork } from "./no-adoption";

export class Killed extends Error {}
const arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1";

interface FakeMember {
  version: string;
  bound: boolean;
  multiCluster: boolean;
  running: boolean;
  reachable: boolean;
  protectedBinding: boolean;
  revision: number;
  /** Pods that never get healthy in the load balancer. */
  sick: boolean;
  /** Replicas in percent of three. */
  percent: number;
  /** The kubelets' minor; nodes that an update could not replace stay behind. */
  nodes: string;
}
interface FakeTarget {
  member: string;
  since: number;
  drainingSince: number | null;
}

export type Fault = {
  readonly call: string;
  readonly nth: number;
  readonly kind: "before" | "after";
  readonly error: () => Error;
};

export const config = {
  "aws:region": "us-east-1",
  "eks-blue-green:kubernetesVersion": "1.35",
  "eks-blue-green:members": JSON.stringify(["blue", "green"]),
  "eks-blue-green:network": JSON.stringify({
    cidrBlock: "10.42.0.0/16",
    availabilityZones: ["us-east-1a", "us-east-1b"],
    natGateways: "one",
  }),
  "eks-blue-green:cluster": JSON.stringify({
    nodes: { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 4 },
  }),
  "eks-blue-green:services": JSON.stringify([
    {
      name: "web",
      namespace: "web",
      image: "eks-blue-green/echo:1",
      port: 80,
      targetPort: 8080,
      replicas: 3,
      healthCheckPath: "/healthz",
    },
  ]),
  "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", bakeSeconds: 300 }),
};

/** As the official kubernetes provider says it. */
const chartNotLoaded = (): DriverError =>
  new DriverError(
    "EBG-UPDATE-FAILED",
    'chart: looks like "https://aws.github.io/eks-charts" is not a valid chart repository or cannot be reached: EOF; ' +
      "check the chart name and repository configuration.",
    "look at the preview",
  );

export class World {
  /** What the environment's stack was deployed with: `up` has run since the config was changed. */
  protected deployed = parseEnvironmentConfig(config, { environment: "dev" });
  now = Date.UTC(2026, 0, 1);
  /** How much longer every rest takes than it was meant to. */
  paceMs = 4000;
  /** How far the machine's clock is ahead of where it would be, had nobody set it. */
  wallAheadMs = 0;
  record: EnvironmentRecord;
  readonly clusters = new Map<string, FakeMember>();
  readonly targets = new Map<string, FakeTarget>();
  readonly calls: string[] = [];
  /** Commands of the config's hooks, as they were run; and how they end. */
  readonly hooked: HookCall[] = [];
  readonly noPrograms = new Set<string>();
  hook: (call: HookCall) => HookEnd = () => ({ kind: "done" });
  fault: Fault | null = null;
  /** Called after every effect: invariants are asserted here. */
  watch: () => void = () => undefined;
  events: DriverEventBody[] = [];
  /** Called with every event: somebody who watches, and acts. */
  listen: (event: DriverEventBody) => void = () => undefined;
  alarm = false;
  /** What EC2 says of zones and subnets. */
  network: NetworkReading = plainNetwork;
  insights: UpgradeInsights = [];
  /** Whom STS names. */
  caller = "arn:aws:sts::123456789012:assumed-role/deploy/ci-7";
  /** How AWS fails what is asked of it before anything begins: zones, subnets, insights, the caller's identity. */
  disturbed: DriverError | null = null;
  /** Whether AWS does not tell the targets now. */
  untold: () => boolean = () => false;
  /** Members whose pods pass the health check and answer requests with errors. */
  readonly erring = new Set<string>();
  /** Pods that never pass the load balancer's health check: `10.42.1.1:8080` is blue's first. */
  readonly sickPods = new Set<string>();
  /** Whether CloudWatch does not tell the alarms now. */
  alarmsUntold: () => boolean = () => false;
  /** How long a target that was deregistered is still draining. */
  drainSeconds = 300;
  /** Time in which some request of a user's failed, in milliseconds. */
  failingMs = 0;
  private lastMs = this.now;
  /** No preview of a member works that has a look at its Helm release. */
  chartRepositoryDown = false;
  /** Members that answer, and whose load balancer controller does not run. */
  readonly controllerDown = new Set<string>();
  /** Members whose API server refuses the driver's login. */
  readonly refusing = new Set<string>();
  /** Members whose binding has a deletion timestamp and still its finalizer. */
  readonly deleting = new Set<string>();
  /**
   * Taken out of the group behind their controller's back: it does not put them back until it is made to look again
   * (docs/reference/controller-behaviour.md) …
   */
  readonly taken = new Set<string>();
  /** … and its cache of targets has run out (docs/reference/controller-behaviour.md). */
  cachedUntil = 0;
  /** Pods that an autoscaler wants, by member. */
  readonly autoscaler = new Map<string, number>();
  extraOperations: PlannedOperation[] = [];
  /** Stacks by the name that they would have as our member's, and that are somebody else's. */
  readonly neighbours = new Map<string, MemberOutputs | EnvironmentOutputs>();
  /** What was done to neighbours' stacks: nothing may be. */
  readonly trespasses: string[] = [];
  dead = false;
  /** Fewest healthy targets ever seen behind the load balancer. */
  leastHealthy = Number.POSITIVE_INFINITY;

  constructor(
    private readonly strategy: "replace" | "cycle" = "replace",
    readonly members: readonly string[] = ["blue", "green"],
  ) {
    this.record = initialRecord({ members, kubernetesVersion: "1.34", rollout: { strategy } });
    for (const name of members)
      if (this.record.placement[name]?.role === "active") this.clusters.set(name, this.member("1.34", true));
    this.reconcile();
    this.now += 600_000;
    this.leastHealthy = Number.POSITIVE_INFINITY;
    this.failingMs = 0;
    this.lastMs = this.now;
  }
  member(version: string, bound: boolean): FakeMember {
    return {
      version,
      bound,
      multiCluster: true,
      running: true,
      reachable: true,
      protectedBinding: bound,
      revision: 1,
      sick: false,
      percent: 100,
      nodes: version,
    };
  }
  replicas(name: string): number {
    const cluster = this.clusters.get(name);
    return cluster?.running ? (this.autoscaler.get(name) ?? Math.ceil((3 * cluster.percent) / 100)) : 0;
  }
  /** Of the config, besides what every world has. */
  readonly values: Readonly<Record<string, string>> = {};
  private readonly addresses = new Map<string, readonly string[]>();
  /** Asked for at every observation: made once for each size. */
  pods(name: string): string[] {
    const count = this.replicas(name);
    const key = `${name} ${count}`;
    let known = this.addresses.get(key);
    if (known === undefined)
      this.addresses.set(
        key,
        (known = Array.from(
          { length: count },
          (_, index) => `10.42.${this.members.indexOf(name) + 1}.${index + 1}:8080`,
        )),
      );
    return [...known];
  }

  /** What the controllers and the load balancer do by themselves. */
  reconcile(): void {
    for (const [name, cluster] of this.clusters) {
      const wanted = cluster.bound ? this.pods(name) : [];
      for (const id of wanted) {
        if (this.taken.has(id)) continue;
        const known = this.targets.get(id);
        if (known === undefined || known.drainingSince !== null)
          this.targets.set(id, { member: name, since: this.now, drainingSince: null });
      }
      for (const [id, target] of this.targets) {
        const mine = target.member === name && !wanted.includes(id);
        const foreign = cluster.bound && !cluster.multiCluster && target.member !== name && cluster.reachable;
        if ((mine || foreign) && target.drainingSince === null) target.drainingSince = this.now;
      }
    }
    for (const [id, target] of this.targets)
      if (target.drainingSince !== null && this.now - target.drainingSince > this.drainSeconds * 1000)
        this.targets.delete(id);
    this.leastHealthy = Math.min(this.leastHealthy, this.serving().length);
    if (this.fails()) this.failingMs += this.now - this.lastMs;
    this.lastMs = this.now;
    this.watch();
  }
  /** `aws elbv2 deregister-targets`, by somebody. */
  take(id: string): void {
    this.taken.add(id);
    const target = this.targets.get(id);
    if (target !== undefined) target.drainingSince = this.now;
  }
  state(id: string, target: FakeTarget): Target["state"] {
    if (target.drainingSince !== null) return "draining";
    if (this.sickPods.has(id) || this.clusters.get(target.member)?.sick || !this.pods(target.member).includes(id))
      return "unhealthy";
    return this.now - target.since < 20_000 ? "initial" : "healthy";
  }
  /** Targets that take new flows: healthy ones that the load balancer has had for its three minutes. */
  serving(): string[] {
    return [...this.targets]
      .filter(([id, target]) => this.state(id, target) === "healthy" && this.now - target.since >= 180_000)
      .map(([id]) => id);
  }

  /** Whether requests fail: nobody serves, or one of those that do answers with errors. */
  fails(): boolean {
    const serving = this.serving();
    return serving.length === 0 || serving.some((id) => this.erring.has(this.targets.get(id)?.member ?? ""));
  }

  /** The share of requests that fail. */
  failingShare(): number {
    const serving = this.serving();
    if (serving.length === 0) return 1;
    const erring = serving.filter((id) => this.erring.has(this.targets.get(id)?.member ?? "")).length;
    return this.fails() ? Math.max(erring / serving.length, 0.01) : 0;
  }

  protected async effect<T>(call: string, work: () => T): Promise<T> {
    if (this.dead) throw new Killed();
    this.calls.push(call);
    const nth = this.calls.filter((one) => one === call).length;
    const hit = this.fault !== null && this.fault.call === call && this.fault.nth === nth ? this.fault : null;
    if (hit?.kind === "before") this.raise(hit);
    const result = work();
    this.reconcile();
    if (hit?.kind === "after") this.raise(hit);
    return result;
  }
  private raise(fault: Fault): never {
    const error = fault.error();
    if (error instanceof Killed) this.dead = true;
    throw error;
  }
  private async look<T>(member: MemberOutputs, work: (cluster: FakeMember) => T): Promise<T> {
    if (this.dead) throw new Killed();
    const cluster = this.clusters.get(member.member);
    if (cluster === undefined || !cluster.reachable)
      throw new DriverError(
        "EBG-MEMBER-UNREACHABLE",
        `the API server of ${member.member} does not answer`,
        "bring it back",
      );
    if (this.refusing.has(member.member))
      throw new DriverError(
        "EBG-KUBERNETES",
        `${member.member} refuses GET /version: 401 Unauthorized`,
        "get an access entry",
      );
    return work(cluster);
  }

  environmentOutputs(): EnvironmentOutputs {
    const service = {
      name: "web",
      service: "web",
      loadBalancerArn: "lb",
      dnsName: "lb.localhost",
      targetGroupArn: arn,
      targetGroupName: "web",
      listenerArn: "l",
      port: 80,
    };
    return {
      schemaVersion: 1,
      environment: "dev",
      region: "us-east-1",
      record: structuredClone(this.record),
      config: this.deployed,
      network: { vpcId: "vpc-1", cidrBlock: "10.42.0.0/16", privateSubnetIds: [], publicSubnetIds: [] },
      loadBalancer: {
        owner: "stack",
        primary: null,
        arn: "lb",
        dnsName: "lb.localhost",
        securityGroupId: "sg-1",
        services: { web: service },
      },
    };
  }
  outputs(name: string): MemberOutputs | null {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return null;
    const service = {
      namespace: "web",
      deployment: "web",
      service: "web",
      servicePort: 80,
      targetGroupArn: arn,
      binding: cluster.bound ? "web" : null,
      selector: { app: "web" },
    };
    return {
      schemaVersion: 1,
      environment: "dev",
      member: name,
      declared: this.record.placement[name] ?? { role: "absent", version: null, workload: "running" },
      revision: cluster.revision,
      clusterName: `dev-${name}`,
      endpoint: "https://127.0.0.1:1",
      certificateAuthorityData: "",
      kubeconfig: "{}",
      region: "us-east-1",
      controller: { namespace: "kube-system", deployment: "lbc", version: "3.5.0" },
      services: { web: service },
    };
  }

  private operations(name: string, destroy: boolean): PlannedOperation[] {
    const cluster = this.clusters.get(name);
    const one = (operation: string, type: string, paths: string[] = []): PlannedOperation => ({
      operation,
      type,
      urn: `urn:pulumi:dev-${name}::p::${type}::${name}-x`,
      paths,
      custom: true,
    });
    if (destroy) return cluster === undefined ? [] : [one("delete", "aws:eks/cluster:Cluster")];
    const desired = desiredOfMember(this.record, name, { acting: true });
    if (cluster === undefined)
      return [one("create", "aws:eks/cluster:Cluster"), one("create", "pulumi:providers:kubernetes")];
    const bind = desired.bindings === "declared";
    const run = desired.placement.workload === "running";
    return [
      ...(bind === cluster.bound
        ? []
        : [one(bind ? "create" : "delete", "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")]),
      ...(run === cluster.running && capacityOf(desired.placement) === cluster.percent
        ? []
        : [one("update", "kubernetes:apps/v1:Deployment", ["spec.replicas"])]),
      ...(desired.placement.version === cluster.version ? [] : [one("update", "aws:eks/cluster:Cluster", ["version"])]),
      ...(desired.placement.version === cluster.nodes
        ? []
        : [one("update", "aws:eks/nodeGroup:NodeGroup", ["version"])]),
      ...this.extraOperations,
    ];
  }
  protected fence(expected: number): void {
    if (this.record.revision !== expected)
      throw new DriverError("EBG-FENCED", `record has ${this.record.revision}, expected ${expected}`, "look at status");
  }

  /** An effect on a member's stack. */
  private onStack<T>(call: string, name: string, work: () => T): Promise<T> {
    return this.effect(call, () => {
      if (this.neighbours.has(name)) this.trespasses.push(`${call} ${name}`);
      return work();
    });
  }

  ports(): Ports {
    const reading = <T>(outputs: T | null) => ({
      exists: outputs !== null,
      resources: outputs === null ? 0 : 1,
      outputs,
      pendingOperations: [],
    });
    return {
      clock: {
        now: () => this.now,
        wall: () => this.now + this.wallAheadMs,
        scaled: (seconds) => seconds * 1000,
        random: () => 0.5,
        sleep: async (ms) => {
          this.now += Math.max(ms, 1) + this.paceMs;
          this.reconcile();
        },
      },
      hooks: {
        lacks: async (action) =>
          action.kind === "command" && this.noPrograms.has(action.command[0] ?? "") ? "it is not there" : null,
        run: (call) =>
          this.effect("hook", () => {
            this.hooked.push(call);
            return this.hook(call);
          }),
      },
      pulumi: {
        ...noAdoption.pulumi,
        readEnvironment: async () => {
          if (this.dead) throw new Killed();
          return reading(this.environmentOutputs());
        },
        readMember: async (name) => {
          if (this.dead) throw new Killed();
          return reading((this.neighbours.get(name) as MemberOutputs | undefined) ?? this.outputs(name));
        },
        settle: async (stack) => {
          if (stack.kind === "member" && this.neighbours.has(stack.member))
            this.trespasses.push(`settle ${stack.member}`);
          return null;
        },
        ensureMemberStack: (name) => this.onStack("ensureMemberStack", name, () => "created" as const),
        writeRecord: (expected, record) =>
          this.effect("writeRecord", () => {
            this.fence(expected);
            this.record = structuredClone(record);
          }),
        preview: (stack, context, _signal, leaves = "nothing") =>
          this.effect("preview", () => {
            if (stack.kind === "member" && leaves === "nothing" && this.chartRepositoryDown) throw chartNotLoaded();
            return {
              operations:
                stack.kind === "environment" || context === null || context.kind === "look"
                  ? []
                  : this.operations(stack.member, false),
              plan: "plan",
            };
          }),
        apply: (stack, context) =>
          this.effect("apply", () => {
            if (stack.kind !== "member" || context?.kind !== "act") throw new Error("unexpected");
            this.fence(context.expectedRevision);
            const desired = desiredOfMember(this.record, stack.member, { acting: true });
            const cluster = this.clusters.get(stack.member) ?? this.member(desired.placement.version ?? "", false);
            if (!cluster.reachable) throw new DriverError("EBG-UPDATE-FAILED", "cluster unreachable", "bring it back");
            this.clusters.set(stack.member, cluster);
            if (cluster.bound && cluster.protectedBinding && desired.bindings === "none")
              throw new DriverError("EBG-UPDATE-FAILED", "protected", "unprotect");
            Object.assign(cluster, {
              bound: desired.bindings === "declared",
              protectedBinding: desired.bindings === "declared",
              running: desired.placement.workload === "running",
              percent: capacityOf(desired.placement),
              version: desired.placement.version ?? cluster.version,
              nodes: desired.placement.version ?? cluster.nodes,
              revision: context.expectedRevision,
            });
            return { changes: {}, seconds: 1 };
          }),
        update: () => {
          throw new Error("unexpected");
        },
        previewDestroy: (name, expected) =>
          this.onStack("previewDestroy", name, () => {
            this.fence(expected);
            return { operations: this.operations(name, true), plan: "" };
          }),
        destroy: (name, expected) =>
          this.onStack("destroy", name, () => {
            this.fence(expected);
            this.clusters.delete(name);
            return { changes: {}, seconds: 1 };
          }),
        unprotectAll: (name) =>
          this.onStack("unprotectAll", name, () => {
            const cluster = this.clusters.get(name);
            if (cluster?.protectedBinding !== true) return [];
            cluster.protectedBinding = false;
            return [`urn:${name}`];
          }),
        unprotectBindings: (name) =>
          this.effect("unprotectBindings", () => {
            const cluster = this.clusters.get(name);
            if (cluster?.protectedBinding !== true) return [];
            cluster.protectedBinding = false;
            return [`urn:${name}`];
          }),
        protectAgain: (name, urns) =>
          this.effect("protectAgain", () => {
            const cluster = this.clusters.get(name);
            if (cluster && urns.includes(`urn:${name}`)) cluster.protectedBinding = true;
          }),
        refreshBindings: async () => 0,
        refresh: () => {
          throw new Error("unexpected");
        },
        backUpState: () => this.effect("backUpState", () => "file"),
      },
      aws: {
        ...noAdoption.aws,
        identity: async () => {
          if (this.disturbed !== null) throw this.disturbed;
          return { account: "123456789012", arn: this.caller };
        },
        network: () =>
          this.effect("network", () => {
            if (this.disturbed !== null) throw this.disturbed;
            return this.network;
          }),
        upgradeInsights: () =>
          this.effect("upgradeInsights", () => {
            if (this.disturbed !== null) throw this.disturbed;
            return this.insights;
          }),
        targets: async () => {
          if (this.dead) throw new Killed();
          if (this.untold()) throw new DriverError("EBG-AWS", "Throttling", "wait");
          return [...this.targets].map(([id, target]) => ({
            id,
            state: this.state(id, target),
            reason: null,
            description: null,
          }));
        },
        deregister: (_arn, ids) =>
          this.effect("deregister", () => {
            for (const id of ids) {
              const target = this.targets.get(id);
              if (target && target.drainingSince === null) target.drainingSince = this.now;
            }
          }),
        clusterStatus: async (clusterName) => {
          const version = this.clusters.get(clusterName.replace(/^dev-/, ""))?.version;
          return version === undefined ? null : { status: "ACTIVE", version };
        },
        addons: async () => [{ name: "coredns", version: "v1", status: "ACTIVE" }],
        findServiceLoadBalancers: async () => ({ services: {}, missing: {}, backendSecurityGroupId: null }),
        loadBalancerAttributes: async () => ({}),
        alarms: async (names) => {
          if (this.alarmsUntold()) throw new DriverError("EBG-AWS", "Throttling", "wait");
          return Object.fromEntries(names.map((name) => [name, this.alarm ? "alarm" : "ok"]));
        },
        probe: async (_url, count) => {
          const failed = Math.ceil(count * this.failingShare());
          return { sent: count, failed, firstFailure: failed > 0 ? "reset" : null };
        },
      },
      kubernetes: {
        ...noAdoption.kubernetes,
        podIdentities: (member) => this.look(member, () => ({ given: [], lacking: [] })),
        restartDeployment: async () => undefined,
        proveController: (member) => this.look(member, () => ({ kind: "proven" as const })),
        ready: (member) => this.look(member, (cluster) => ({ version: cluster.version })),
        nodes: (member) => this.look(member, (cluster) => ({ ready: 2, total: 2, minors: [cluster.nodes] })),
        bindings: (member) =>
          this.look(member, (cluster): Binding[] =>
            cluster.bound
              ? [
                  {
                    namespace: "web",
                    name: "web",
                    targetGroupArn: arn,
                    multiCluster: cluster.multiCluster,
                    deleting: this.deleting.has(member.member),
                  },
                ]
              : [],
          ),
        recordedTargets: (member) => this.look(member, (cluster) => (cluster.bound ? this.pods(member.member) : null)),
        readyEndpoints: (member) => this.look(member, () => this.pods(member.member)),
        resetCheckpoint: async (member) =>
          await this.look(member, () =>
            this.effect("resetCheckpoint", () => {
              if (this.now >= this.cachedUntil) for (const id of this.pods(member.member)) this.taken.delete(id);
            }),
          ),
        controller: (member) =>
          this.look(member, () =>
            this.controllerDown.has(member.member)
              ? { available: false, version: "3.5.0", message: "0 of 1 pods ready" }
              : { available: true, version: "3.5.0", message: "1 of 1 pods ready" },
          ),
        deployment: (member) =>
          this.look(member, () => ({
            wanted: this.replicas(member.member),
            ready: this.replicas(member.member),
            available: true,
          })),
        pods: (member) => this.look(member, () => this.pods(member.member).length),
      },
    };
  }

  upgrade(
    options: {
      readonly approveRetire?: boolean | (() => boolean);
      readonly stop?: AbortSignal;
      readonly retryVersion?: boolean;
      readonly steps?: readonly number[];
      readonly config?: Partial<typeof config>;
    } = {},
  ): Promise<RolloutResult> {
    return this.run(null, options);
  }

  async run(
    asked: RolloutCommand | null,
    options: {
      readonly approveRetire?: boolean | (() => boolean);
      readonly stop?: AbortSignal;
      readonly retryVersion?: boolean;
      readonly steps?: readonly number[];
      readonly config?: Partial<typeof config>;
    } = {},
  ): Promise<RolloutResult> {
    this.dead = false;
    this.events = [];
    const never = new AbortController().signal;
    const own = {
      "eks-blue-green:members": JSON.stringify(this.members),
      "eks-blue-green:rollout": JSON.stringify({ strategy: this.strategy, bakeSeconds: 300 }),
    };
    const values = { ...config, ...own, ...this.values, ...options.config };
    this.deployed = parseEnvironmentConfig(values, { environment: "dev" });
    return await runAsked(
      this.ports(),
      values,
      {
        environment: "dev",
        emit: (event) => {
          this.events.push(event);
          this.listen(event);
        },
        retryVersion: options.retryVersion ?? false,
        ...(options.steps === undefined ? {} : { steps: options.steps }),
        stop: options.stop ?? never,
        cancel: never,
        approveRetire: async () =>
          typeof options.approveRetire === "function" ? options.approveRetire() : (options.approveRetire ?? true),
        commandName: "eks-blue-green upgrade --stack dev",
        probes: true,
      },
      asked,
    );
  }

  async plan(values: Record<string, string>): Promise<UpgradePlan> {
    return runPlan(await readFamily(this.ports(), "dev"), values);
  }
}
