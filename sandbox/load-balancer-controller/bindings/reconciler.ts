/** One pass over one TargetGroupBinding: the real controller's steps, in its order. */
import { BlockList, isIPv6 } from "node:net";
import { scaledMs } from "../../shared/clock";
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone } from "../../kubernetes/retry";
import { paths } from "../api-paths";
import { arnOf, pathOf, setCheckpoint } from "./binding-object";
import { CHECKPOINT, checkpointOf } from "./checkpoint";
import type { Cleaner } from "./cleaner";
import { decide } from "./decide";
import type { Ec2 } from "../aws/ec2";
import { resolveEndpoints } from "./endpoints";
import { resolveNodeEndpoints } from "./node-endpoints";
import type { EventRecorder } from "../event-recorder";
import { log } from "../log";
import type { NetworkManager } from "./network-manager";
import type { Outcome } from "../queue";
import { awaitsHealth, gateOf, hasGate, type Health, showHealth } from "./readiness-gates";
import type { Store } from "./store";
import type { TargetCache } from "../aws/target-cache";
import type { TargetRecord } from "./target-record";
import { addressOf, keyOf, type PodEndpoint, type TargetGroupBinding } from "../types";

const FINALIZER = "elbv2.k8s.aws/resources";
const REQUEUE_SECONDS = 15;
const REGISTERING: Health = {
  state: "initial",
  reason: "Elb.RegistrationInProgress",
  description: "Target registration is in progress",
};
const FORCED_PASS_SECONDS = { least: 30 * 60, spread: 15 * 60 };

export interface ReconcilerParts {
  readonly client: ApiClient;
  readonly store: Store;
  readonly cache: TargetCache;
  readonly record: TargetRecord;
  readonly cleaner: Cleaner;
  readonly network: NetworkManager;
  readonly ec2: Ec2;
  /** The cluster's VPC, for bindings that name none. */
  readonly vpcId: string;
  readonly events: EventRecorder;
  readonly timeScale: number;
}

export class Reconciler {
  private readonly deferred = new Map<string, NodeJS.Timeout>();
  /** Bindings that had their forced pass planned since the start or the last resync. */
  private readonly settled = new Set<string>();

  constructor(private readonly parts: ReconcilerParts) {}

  async reconcile(key: string): Promise<Outcome> {
    const [namespace = "", name = ""] = key.split("/");
    // Read, not from the watch: this controller's own last write may not have come back yet.
    const binding = await orGone(this.parts.client.get<TargetGroupBinding>(paths.binding(namespace, name)));
    if (!binding) {
      this.forget(key);
      return {};
    }
    if (binding.metadata.deletionTimestamp) return this.cleanUpForGood(binding);
    try {
      await this.addFinalizer(binding);
      return await this.pass(binding);
    } catch (error) {
      this.parts.events.record(
        binding,
        "Warning",
        "FailedReconcile",
        `Failed reconcile due to ${(error as Error).name}: ${(error as Error).message}`,
      );
      throw error;
    }
  }

  private async pass(binding: TargetGroupBinding): Promise<Outcome> {
    const { store, events, cleaner } = this.parts;
    const key = keyOf(binding);
    const serviceKey = `${binding.metadata.namespace}/${binding.spec.serviceRef.name}`;
    const resolved =
      binding.spec.targetType === "instance"
        ? resolveNodeEndpoints({ binding, service: store.service(serviceKey), nodes: [...store.nodes.values()] })
        : resolveEndpoints({
            binding,
            service: store.service(serviceKey),
            slices: store.slicesOf(serviceKey),
            pod: (one) => store.pod(one),
            node: (one) => store.node(one),
          });
    if (resolved.kind === "backend-not-found") {
      events.record(binding, "Warning", "BackendNotFound", resolved.message);
      await cleaner.cleanUp(binding);
      await setCheckpoint(this.parts.client, binding, "");
      return this.succeed(binding);
    }
    if (resolved.waiting) store.waitingForPods.add(key);
    else store.waitingForPods.delete(key);
    const checkpoint = checkpointOf(resolved.endpoints, binding.spec);
    const gatePending = resolved.endpoints.some((one) => awaitsHealth(store.pod(one.pod), gateOf(binding)));
    if (binding.metadata.annotations?.[CHECKPOINT] === checkpoint && !gatePending) {
      this.planForcedPass(key);
      return {};
    }
    const again = { againInMs: scaledMs(REQUEUE_SECONDS, this.parts.timeScale) };
    if (await this.bring(binding, resolved.endpoints)) return again;
    await setCheckpoint(this.parts.client, binding, checkpoint);
    this.settled.add(key);
    await this.succeed(binding);
    return resolved.waiting ? again : {};
  }

  /**
   * Intent is on record before a target is registered, so that no crash leaves one that nobody owns.
   * @returns true when something is left to be done later: a gate whose target isn't healthy, a failed security-group
   * rule.
   */
  private async bring(binding: TargetGroupBinding, endpoints: readonly PodEndpoint[]): Promise<boolean> {
    const { client, cache, record, store } = this.parts;
    const arn = arnOf(binding);
    const gate = gateOf(binding);
    const multiCluster = binding.spec.multiClusterTargetGroup === true;
    const targets = await cache.list(arn);
    const remembered = record.remembers(binding);
    const recorded = multiCluster ? await record.read(binding) : null;
    const decision = decide({ multiCluster, recorded, remembered, endpoints, targets });
    const rulesPending = await this.rulesPending(binding, endpoints);
    const healthPending = decision.matched.some(
      ({ endpoint, target }) => hasGate(store.pod(endpoint.pod), gate) && target.state !== "healthy",
    );
    if (decision.resetCheckpoint || rulesPending || healthPending) await setCheckpoint(client, binding, "");
    if (multiCluster && recorded === null) log("info", "Initial data population", { tgb: keyOf(binding) });
    if (decision.deregister.length > 0) await this.parts.cleaner.deregister(arn, decision.deregister);
    if (decision.writeConfigMap) await record.write(binding, decision.writeConfigMap);
    if (decision.register.length > 0) await this.register(binding, decision.register);
    let pending = rulesPending;
    const shown = [
      ...decision.matched.map(({ endpoint, target }) => ({ endpoint, health: target })),
      ...decision.register.map((endpoint) => ({ endpoint, health: REGISTERING })),
    ];
    for (const { endpoint, health } of shown)
      if (await showHealth(client, store.pod(endpoint.pod), gate, health)) pending = true;
    return pending;
  }

  private async register(binding: TargetGroupBinding, endpoints: readonly PodEndpoint[]): Promise<void> {
    const { cache, ec2, vpcId } = this.parts;
    const cidrs = await ec2.vpcCidrs(binding.spec.vpcID || vpcId);
    const targets = endpoints.map(({ ip, port, node }) => ({
      id: ip,
      port,
      state: null,
      ...(node !== undefined || isWithin(ip, cidrs) ? {} : { zone: "all" as const }),
    }));
    log("info", "registering targets", { arn: arnOf(binding), targets: targets.map(addressOf) });
    await cache.register(arnOf(binding), targets);
  }

  /** A failure is told and tried again later; it doesn't keep targets from being registered. */
  private async rulesPending(binding: TargetGroupBinding, endpoints: readonly PodEndpoint[]): Promise<boolean> {
    try {
      await this.parts.network.reconcile(binding, endpoints);
      return false;
    } catch (error) {
      this.parts.events.record(
        binding,
        "Warning",
        "FailedNetworkReconcile",
        `${(error as Error).name}: ${(error as Error).message}`,
      );
      return true;
    }
  }

  private async cleanUpForGood(binding: TargetGroupBinding): Promise<Outcome> {
    const finalizers = binding.metadata.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) return {};
    try {
      await this.parts.cleaner.cleanUp(binding);
    } catch (error) {
      await this.tellFailedCleanup(binding, `${(error as Error).name}: ${(error as Error).message}`);
      throw error;
    }
    const rest = finalizers.filter((one) => one !== FINALIZER);
    await orGone(
      this.parts.client.patch(pathOf(binding), "merge", {
        metadata: { resourceVersion: binding.metadata.resourceVersion, finalizers: rest },
      }),
    );
    this.forget(keyOf(binding));
    log("info", "cleaned up", { tgb: keyOf(binding) });
    return {};
  }

  private async tellFailedCleanup(binding: TargetGroupBinding, message: string): Promise<void> {
    this.parts.events.record(binding, "Warning", "FailedCleanup", `Failed cleanup due to ${message}`);
    const { conditions = [] } = binding.status ?? {};
    const old = conditions.find((one) => one.type === "Ready");
    if (old?.status === "False" && old.message === message) return;
    const condition = {
      type: "Ready",
      status: "False",
      reason: "FailedCleanup",
      message,
      lastTransitionTime: new Date().toISOString(),
      observedGeneration: binding.metadata.generation,
    };
    await orGone(
      this.parts.client.patch(`${pathOf(binding)}/status`, "merge", {
        status: { conditions: [...conditions.filter((one) => one.type !== "Ready"), condition] },
      }),
    );
  }

  private async addFinalizer(binding: TargetGroupBinding): Promise<void> {
    const finalizers = binding.metadata.finalizers ?? [];
    if (finalizers.includes(FINALIZER)) return;
    await this.parts.client.patch(pathOf(binding), "merge", {
      metadata: { resourceVersion: binding.metadata.resourceVersion, finalizers: [...finalizers, FINALIZER] },
    });
  }

  private async succeed(binding: TargetGroupBinding): Promise<Outcome> {
    const { generation } = binding.metadata;
    if (binding.status?.observedGeneration !== generation) {
      await this.parts.client.patch(`${pathOf(binding)}/status`, "merge", {
        status: { observedGeneration: generation },
      });
    }
    this.parts.events.record(binding, "Normal", "SuccessfullyReconciled", "Successfully reconciled");
    return {};
  }

  /** Drift is looked for once after a start and once after a resync, half an hour later or more. */
  private planForcedPass(key: string): void {
    if (this.settled.has(key) || this.deferred.has(key)) return;
    this.settled.add(key);
    const seconds = FORCED_PASS_SECONDS.least + Math.random() * FORCED_PASS_SECONDS.spread;
    const run = (): void => {
      this.deferred.delete(key);
      const binding = this.parts.store.bindings.get(key);
      if (binding)
        setCheckpoint(this.parts.client, binding, "").catch((error: Error) => {
          log("error", "forced pass failed", { tgb: key, error: error.message });
          this.settled.delete(key);
          this.planForcedPass(key);
        });
    };
    this.deferred.set(key, setTimeout(run, scaledMs(seconds, this.parts.timeScale)));
  }

  /** Every ten hours. */
  resync(): void {
    this.settled.clear();
  }

  private forget(key: string): void {
    clearTimeout(this.deferred.get(key));
    this.deferred.delete(key);
    this.settled.delete(key);
    this.parts.store.waitingForPods.delete(key);
  }
}

function isWithin(ip: string, cidrs: readonly string[]): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [net = "", bits] = cidr.split("/");
    list.addSubnet(net, Number(bits), isIPv6(net) ? "ipv6" : "ipv4");
  }
  return list.check(ip, isIPv6(ip) ? "ipv6" : "ipv4");
}
