/**
 * The Pulumi engine over the simulated world: locks, updates that take time, and what a kill in their middle leaves
 * behind (docs/reference/aws-behaviour.md).
 */
import type { DriverContext } from "../../stacks/contract";
import {
  capacityOf,
  desiredOfEnvironment,
  desiredOfMember,
  nextMinor,
  replicasAt,
  type DesiredMember,
} from "../../stacks/record";
import { DriverError } from "../../automation/errors";
import type { AppliedUpdate, PlannedOperation, Settled } from "../../automation/ports";
import type { SimulatedCluster } from "./cluster";
import { same, services } from "./weights";
import { replicas, type World } from "./world";

export interface StackState {
  exists: boolean;
  /** `alive`: its engine still runs. */
  lock: { readonly by: string; alive: boolean } | null;
  /** What a killed engine was at, and whether it had happened. */
  pending: string | null;
  /** What the state knows; null: nothing is deployed. */
  known: {
    version: string;
    nodes: string;
    /** null: the workload was never made. */ running: boolean | null;
    percent: number;
    bound: boolean;
    protectedBinding: boolean;
  } | null;
  /** The record's revision of the last complete update; null: no outputs. */
  revision: number | null;
}
export const emptyStack = (): StackState => ({ exists: false, lock: null, pending: null, known: null, revision: null });

interface EngineStep {
  readonly operation: PlannedOperation;
  readonly seconds: number;
  readonly perform: () => Promise<void> | void;
  readonly remember: () => void;
}
/** Where an engine is killed: at which step of its update, before or after that step's effect. */
export interface EngineKill {
  readonly step: number;
  readonly after: boolean;
}

const failed = (message: string): DriverError =>
  new DriverError("EBG-UPDATE-FAILED", message, "run the same command again");
const lockWaitSeconds = 900;
/** The sizes that runs use; null: stopped. */
const percentAt = (count: number): number | null =>
  [100, 150, 200].find((percent) => replicasAt(replicas, percent) === count) ?? null;

/** Only what the killed engine was at is read: of the rest, what somebody changed by hand stays unknown. */
function reread(known: StackState["known"], urn: string, cluster: SimulatedCluster): NonNullable<StackState["known"]> {
  const now = {
    version: cluster.version,
    nodes: cluster.nodes,
    running: cluster.workloadMade ? cluster.wanted > 0 : null,
    percent: percentAt(cluster.wanted) ?? known?.percent ?? 100,
    bound: cluster.binding !== null && !cluster.binding.deleting,
    protectedBinding: known?.protectedBinding ?? false,
  };
  if (known === null) return now;
  switch (urn.split("::").at(-1)) {
    case "workload":
      return { ...known, running: now.running, percent: now.percent };
    case "nodes":
      return { ...known, nodes: now.nodes };
    case "binding":
      return { ...known, bound: now.bound };
    default:
      return { ...known, version: now.version };
  }
}

export class Engine {
  constructor(private readonly world: World) {}

  /** Waits for a living holder, as the adapter does; the lock of a dead one on this machine is taken away. */
  private async free(name: string): Promise<boolean> {
    const stack = this.world.stackOf(name);
    let waited = 0;
    while (stack.lock !== null) {
      if (!stack.lock.alive) stack.lock = null;
      else if (waited >= lockWaitSeconds)
        throw new DriverError("EBG-STACK-LOCKED", `stack ${name} is locked by ${stack.lock.by}`, "wait");
      else {
        this.world.outage.excuse();
        await this.world.timeline.sleep(5000);
      }
      waited += 5;
    }
    return waited > 5;
  }

  /** Runs under the stack's lock; a killed engine leaves it locked. */
  async locked<T>(name: string, by: string, work: () => Promise<T> | T): Promise<T> {
    await this.free(name);
    const stack = this.world.stackOf(name);
    const lock = { by, alive: true };
    stack.lock = lock;
    try {
      return await work();
    } finally {
      if (stack.lock === lock && lock.alive) stack.lock = null;
    }
  }

  async settle(name: string): Promise<Settled | null> {
    const held = await this.free(name);
    const stack = this.world.stackOf(name);
    const open = stack.pending;
    if (open !== null && name === "dev") {
      this.refreshWeights();
      stack.pending = null;
      return { adopted: 0, cleared: 0, refreshed: 1 };
    }
    if (open === null) return held ? { adopted: 0, cleared: 0, refreshed: 0 } : null;
    const cluster = this.world.clusters.get(name);
    if (cluster !== undefined && open !== "cluster" && !cluster.apiUp(this.world.now))
      throw new DriverError(
        "EBG-PENDING-OPERATIONS",
        `${name}: what became of '${open}' can't be seen`,
        "bring the API server back",
      );
    await this.world.timeline.sleep(3000);
    stack.pending = null;
    const before = JSON.stringify(stack.known);
    if (cluster === undefined) stack.known = null;
    else stack.known = reread(stack.known, open, cluster);
    return before === JSON.stringify(stack.known)
      ? { adopted: 0, cleared: 1, refreshed: 0 }
      : { adopted: 1, cleared: 0, refreshed: 0 };
  }

  async refreshBindings(member: string, by: string): Promise<number> {
    return await this.locked(member, by, () => {
      const { known } = this.world.stackOf(member);
      if (known?.bound !== true) return 0;
      // One that is being deleted is still read.
      known.bound = this.reachable(member).binding !== null;
      return 1;
    });
  }

  desired(member: string, context: DriverContext | null): DesiredMember {
    return desiredOfMember(this.world.record, member, { acting: context?.kind === "act" });
  }
  operations(member: string, context: DriverContext | null): PlannedOperation[] {
    return this.steps(member, this.desired(member, context)).map((step) => step.operation);
  }
  destroyOperations(member: string): PlannedOperation[] {
    return this.destroySteps(member).map((step) => step.operation);
  }

  async apply(
    member: string,
    by: string,
    context: DriverContext | null,
    plan: readonly PlannedOperation[] | null,
    kill: EngineKill | null,
  ): Promise<AppliedUpdate> {
    return await this.locked(member, by, async () => {
      const revision = this.world.record.revision;
      if (context?.kind === "act" && context.expectedRevision !== revision)
        throw new DriverError(
          "EBG-FENCED",
          `the record has revision ${revision}, not ${context.expectedRevision}`,
          "look at status",
        );
      const desired = this.desired(member, context);
      // As the program declared it when it ran, whatever the record says by the end.
      const draining =
        this.world.record.intent?.move.member === member && this.world.record.intent.move.kind === "drain";
      if (desired.refuse !== null) throw failed(desired.refuse.reason);
      const steps = this.steps(member, desired);
      const stranger =
        plan === null
          ? undefined
          : steps.find(
              (step) =>
                !plan.some((one) => one.urn === step.operation.urn && one.operation === step.operation.operation),
            );
      if (stranger !== undefined) throw failed(`${stranger.operation.urn} is not allowed by the plan`);
      await this.run(member, by, steps, kill);
      const stack = this.world.stackOf(member);
      stack.revision = revision;
      if (stack.known !== null) stack.known.protectedBinding = stack.known.bound && !draining;
      return { changes: { update: steps.length }, seconds: 1 };
    });
  }

  async destroy(member: string, by: string, kill: EngineKill | null, fence: () => void): Promise<AppliedUpdate> {
    return await this.locked(member, by, async () => {
      fence();
      const stack = this.world.stackOf(member);
      if (stack.known?.protectedBinding) throw failed(`the binding of ${member} is protected`);
      const steps = this.destroySteps(member);
      this.world.destroying(member);
      await this.run(member, by, steps, kill);
      Object.assign(stack, { revision: null, known: null });
      return { changes: { delete: steps.length }, seconds: 1 };
    });
  }

  /** The environment's stack: by a driver while a shift is open, else what a plain update reads anew and puts back. */
  async applyWeights(by: string, context: DriverContext | null, kill: EngineKill | null): Promise<AppliedUpdate> {
    return await this.locked("dev", by, async () => {
      const { revision, intent } = this.world.record;
      if (context?.kind === "act" && context.expectedRevision !== revision)
        throw new DriverError(
          "EBG-FENCED",
          `the record has revision ${revision}, not ${context.expectedRevision}`,
          "look at status",
        );
      if (context === null && intent?.move.kind === "shift") return { changes: { update: 0 }, seconds: 1 };
      if (context === null) this.refreshWeights();
      const steps = this.weightSteps(context);
      await this.run("dev", by, steps, kill);
      return { changes: { update: steps.length }, seconds: 1 };
    });
  }
  weightOperations(context: DriverContext | null): PlannedOperation[] {
    return this.weightSteps(context).map((step) => step.operation);
  }
  refreshWeights(): void {
    const { weights } = this.world;
    if (weights !== null) for (const service of services) weights.routes[service].state = weights.routes[service].api;
  }
  private weightSteps(context: DriverContext | null): EngineStep[] {
    const { world } = this;
    const { shares } = desiredOfEnvironment(world.record, { acting: context?.kind === "act" });
    const { weights } = world;
    if (weights === null || shares === null) return [];
    return services.flatMap((service): EngineStep[] => {
      const route = weights.routes[service];
      if (same(route.state, shares)) return [];
      return [
        {
          operation: this.operation("env", "update", "aws:lb/listener:Listener", service, [
            "defaultActions[0].forward.targetGroups[0].weight",
          ]),
          seconds: 2,
          perform: () => world.shares.change(service, shares),
          remember: () => {
            route.state = shares;
          },
        },
      ];
    });
  }

  private async run(member: string, by: string, steps: readonly EngineStep[], kill: EngineKill | null): Promise<void> {
    const stack = this.world.stackOf(member);
    for (const [index, step] of steps.entries()) {
      const dies = kill !== null && (kill.step === index || (kill.step >= steps.length && index === steps.length - 1));
      const what = `${step.operation.operation} ${step.operation.urn}`;
      stack.pending = step.operation.urn;
      // Nobody can be helped before it ends.
      if (step.seconds >= 100) this.world.outage.excuse(step.seconds);
      await this.world.timeline.sleep(step.seconds * 500);
      if (dies && !kill.after) return await this.die(member, by, what);
      await step.perform();
      this.world.touch();
      this.world.tell(`${member}: ${what}`);
      this.world.check(what);
      if (dies) return await this.die(member, by, what);
      await this.world.timeline.sleep(step.seconds * 500);
      step.remember();
      stack.pending = null;
    }
  }
  private die(member: string, by: string, what: string): Promise<never> {
    this.world.tell(`the engine of ${by} is killed at ${member}: ${what}`);
    const stack = this.world.stackOf(member);
    if (stack.lock !== null) stack.lock.alive = false;
    // Whoever waits for it learns of its end.
    return Promise.reject(failed("the engine was killed"));
  }

  private operation(
    member: string,
    operation: string,
    type: string,
    urn: string,
    paths: readonly string[] = [],
  ): PlannedOperation {
    return {
      operation,
      type,
      urn: `urn:pulumi:dev-${member}::p::eks-blue-green:index:Part$${type}::${urn}`,
      paths,
      custom: true,
    };
  }

  private steps(member: string, desired: DesiredMember): EngineStep[] {
    const { world } = this;
    const stack = world.stackOf(member);
    const { version, workload } = desired.placement;
    const known = stack.known;
    if (version === null) return [];
    const steps: EngineStep[] = [];
    const bind = desired.bindings === "declared";
    const run = workload === "running";
    const binding = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding";
    const percent = capacityOf(desired.placement);
    const count = run ? replicasAt(replicas, percent) : 0;
    const state: NonNullable<StackState["known"]> = known ?? {
      version,
      nodes: version,
      running: null,
      percent,
      bound: false,
      protectedBinding: false,
    };
    if (known === null) {
      steps.push({
        operation: this.operation(member, "create", "aws:eks/cluster:Cluster", "cluster"),
        seconds: 600,
        perform: () => {
          if (!world.clusters.has(member)) world.makeCluster(member, version);
        },
        remember: () => {
          stack.known = state;
        },
      });
    }
    if (state.running === null) {
      steps.push({
        operation: this.operation(member, "create", "kubernetes:apps/v1:Deployment", "workload"),
        seconds: 20,
        perform: () => this.scaleTo(member, count),
        remember: () => {
          state.running = run;
          state.percent = percent;
        },
      });
    } else if (state.running !== run || (run && state.percent !== percent)) {
      steps.push({
        operation: this.operation(member, "update", "kubernetes:apps/v1:Deployment", "workload", ["spec.replicas"]),
        seconds: 20,
        perform: () => this.scaleTo(member, count),
        remember: () => {
          state.running = run;
          state.percent = percent;
        },
      });
    }
    if (known !== null && known.version !== version)
      steps.push({
        operation: this.operation(member, "update", "aws:eks/cluster:Cluster", "cluster", ["version"]),
        seconds: 600,
        perform: () => this.upgrade(member, version),
        remember: () => {
          state.version = version;
        },
      });
    if (known !== null && known.nodes !== version)
      steps.push({
        operation: this.operation(member, "update", "aws:eks/nodeGroup:NodeGroup", "nodes", ["version"]),
        seconds: 300,
        perform: () => {
          this.reachable(member).replaceNodes(version, world.now);
        },
        remember: () => {
          state.nodes = version;
        },
      });
    if (bind && !state.bound)
      steps.push({
        operation: this.operation(member, "create", binding, "binding"),
        seconds: 2,
        perform: () => this.bind(member),
        remember: () => {
          state.bound = true;
        },
      });
    if (!bind && state.bound)
      steps.push({
        operation: this.operation(member, "delete", binding, "binding"),
        seconds: 2,
        perform: () => this.unbind(member),
        remember: () => {
          state.bound = false;
        },
      });
    return steps;
  }

  private destroySteps(member: string): EngineStep[] {
    const { world } = this;
    const known = world.stackOf(member).known;
    if (known === null) return [];
    const steps: EngineStep[] = [];
    if (known.bound)
      steps.push({
        operation: this.operation(member, "delete", "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "binding"),
        seconds: 2,
        perform: () => this.unbind(member),
        remember: () => {
          known.bound = false;
        },
      });
    // Of a cluster that is gone for good the state has no objects any more.
    if (known.running !== null)
      steps.push({
        operation: this.operation(member, "delete", "kubernetes:apps/v1:Deployment", "workload"),
        seconds: 20,
        perform: () => {
          if (world.clusters.has(member)) this.scaleTo(member, 0);
        },
        remember: () => {
          known.running = false;
        },
      });
    steps.push({
      operation: this.operation(member, "delete", "aws:eks/cluster:Cluster", "cluster"),
      seconds: 400,
      perform: () => world.removeCluster(member),
      remember: () => {
        world.stackOf(member).known = null;
      },
    });
    return steps;
  }

  private reachable(member: string) {
    const cluster = this.world.clusterOf(member);
    if (!cluster.apiUp(this.world.now)) throw failed(`the API server of ${member} does not answer`);
    return cluster;
  }
  private scaleTo(member: string, count: number): void {
    const cluster = this.reachable(member);
    if (cluster.scaledByHand && cluster.wanted !== count)
      throw failed('Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1: .spec.replicas');
    cluster.wanted = count;
    cluster.workloadMade = true;
  }
  /**
   * EKS refuses more than a minor at a time, and what is so already: a state that a killed engine left behind asks for
   * that.
   */
  private upgrade(member: string, version: string): void {
    const cluster = this.world.clusterOf(member);
    if (cluster.version === version) throw failed("Cluster is already at the desired configuration");
    if (nextMinor(cluster.version) !== version) {
      this.world.violate("version-jump", `${member} was to go from ${cluster.version} to ${version}`);
      throw failed("Unsupported Kubernetes minor version update");
    }
    cluster.version = version;
  }
  private bind(member: string): void {
    const cluster = this.reachable(member);
    if (!cluster.controllerUp(this.world.now)) throw failed("failed calling webhook: connection refused");
    if (cluster.binding === null) cluster.binding = { multiCluster: true, deleting: false };
    this.world.bound(member);
  }
  private async unbind(member: string): Promise<void> {
    const { world } = this;
    const cluster = this.reachable(member);
    if (world.stackOf(member).known?.protectedBinding) throw failed(`the binding of ${member} is protected`);
    if (cluster.binding === null) return;
    cluster.binding.deleting = true;
    world.touch();
    // The finalizer goes when the controller has deregistered; Pulumi waits ten minutes for that.
    for (let waited = 0; cluster.binding !== null; waited += 1) {
      if (waited > 600) throw failed("finalizers might be preventing deletion (elbv2.k8s.aws/resources)");
      await world.timeline.sleep(1000);
    }
  }
}
