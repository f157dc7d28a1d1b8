/**
 * A Service's load balancer and a controller that does what a real one was seen to do, forbidden orders included:
 * whatever the driver does
 * wrongly here destroys the load balancer or drains its targets.
 */
import type { Adoption, AdoptionStep } from "../../../stacks/record/adoption";
import {
  decideAdoption,
  freshAdoptMemory,
  restartToken,
  type AdoptAction,
  type AdoptDecision,
  type AdoptLook,
  type AdoptMemory,
  type AdoptTimes,
} from "../../../automation/adoption/next-step";

export const times: AdoptTimes = { reconcileMs: 60_000, toleratedMs: 30_000 };
const loadBalancerClass = "service.k8s.aws/nlb";

export class AdoptWorld {
  now = 0;
  balancer: "there" | "gone" = "there";
  type = "LoadBalancer";
  class: string | null = loadBalancerClass;
  typeAnnotation = true;
  finalizer = true;
  tagged = true;
  labelled = true;
  bound = true;
  protectAnnotation = true;
  restart: string | null = null;
  restartedAt = -Infinity;
  reachable = true;
  lost: string[] = [];
  environmentOwns = false;
  primaryOwns = false;
  /** Bindings and load balancer may be in the stacks' states, whatever the record says. */
  imported = false;
  /** A reconcile that was under way when the Service was released puts the finalizer back once. */
  inFlightUntil: number | null = null;
  readonly actions: AdoptAction[] = [];
  readonly harm: string[] = [];
  adoption: Adoption;

  constructor() {
    const before = {
      loadBalancerClass,
      namespace: "web",
      name: "web-lb",
      serviceType: "LoadBalancer",
      annotations: { "service.beta.kubernetes.io/aws-load-balancer-type": "external" },
      labels: {},
      tags: {},
      targets: {},
      loadBalancer: {} as Adoption["before"]["loadBalancer"],
    };
    this.adoption = {
      service: "web",
      member: "blue",
      step: "release",
      direction: "forward",
      reason: null,
      startedAt: "2026-01-01T00:00:00.000Z",
      by: "a@b 1",
      before,
    };
  }

  private get supported(): boolean {
    return this.type === "LoadBalancer" || this.class !== null || this.typeAnnotation;
  }
  /** What the controller does by itself, at any time. */
  reconcile(): void {
    if (this.inFlightUntil !== null && this.now >= this.inFlightUntil) {
      this.finalizer = true;
      this.inFlightUntil = null;
    }
    // Tags stripped while the finalizer is left: protection switched off, load balancer and group deleted.
    if (!this.tagged && this.finalizer && !this.supported)
      this.destroy("tags were taken off while the finalizer was left");
    if (!this.tagged && this.supported && !this.environmentOwns)
      this.harm.push(
        "tags were taken off a Service that is still the controller's: InvalidGroup.Duplicate without end",
      );
    // On start a labelled binding whose tags are gone is deleted, and its targets drain.
    if (!this.tagged && this.labelled && this.restartedAt === this.now)
      this.harm.push("a labelled binding without tags met a starting controller");
    if (this.supported) this.finalizer = true;
  }
  private destroy(why: string): void {
    this.balancer = "gone";
    this.harm.push(why);
  }

  look(): AdoptLook {
    return {
      at: this.now,
      unseen: null,
      unreachable: this.reachable ? null : "connect ECONNREFUSED",
      service: {
        type: this.type,
        loadBalancerClass: this.class,
        typeAnnotation: this.typeAnnotation,
        finalizer: this.finalizer,
        deleting: false,
      },
      controller: { available: this.now - this.restartedAt >= 10_000, restart: this.restart },
      bindings: {
        labelled: this.labelled ? 1 : 0,
        unlabelled: this.labelled ? 0 : 1,
        missing: this.bound ? [] : ["k8s-web"],
        deleting: 0,
      },
      tags: { left: this.tagged ? 3 : 0, missing: this.tagged ? 0 : 3 },
      loadBalancer: this.balancer,
      lostTargets: this.lost,
      failedProbe: null,
      environmentOwns: this.environmentOwns,
      imported: this.imported,
      primaryOwns: this.primaryOwns,
      annotations: this.protectAnnotation ? "declared" : "dropped",
    };
  }

  act(action: AdoptAction): void {
    this.actions.push(action);
    switch (action) {
      case "release-service":
      case "remove-finalizer":
        Object.assign(this, { type: "ClusterIP", class: null, typeAnnotation: false, finalizer: false });
        return;
      case "restart-controller":
      case "restart-controller-again":
        this.restart = restartToken(this.adoption, action === "restart-controller-again");
        this.restartedAt = this.now;
        return;
      case "remove-tags":
        if (this.finalizer || this.supported) this.destroy("remove-tags before the Service was let go");
        this.tagged = false;
        return;
      case "remove-labels":
        if (this.tagged) this.harm.push("labels before tags: already exists");
        this.labelled = false;
        return;
      case "import-environment":
        if (this.tagged || this.labelled || this.supported) this.harm.push("imported what the controller still owns");
        this.environmentOwns = true;
        this.imported = true;
        this.adoption = { ...this.adoption, step: "import-primary" };
        return;
      case "import-primary":
        if (!this.environmentOwns) this.harm.push("the primary before the environment");
        this.primaryOwns = true;
        return;
      case "drop-annotations":
        if (!this.primaryOwns) this.harm.push("annotations before the rest");
        this.protectAnnotation = false;
        return;
      case "forget-imports":
        this.environmentOwns = false;
        this.imported = false;
        this.adoption = { ...this.adoption, step: "relabel" };
        return;
      case "add-labels":
        if (this.imported) this.harm.push("given back while a stack has it");
        this.labelled = true;
        return;
      case "add-tags":
        if (!this.labelled) this.harm.push("tags back before labels");
        this.tagged = true;
        return;
      case "give-service-back":
        if (!this.tagged || !this.labelled)
          this.harm.push("the Service back before tags and labels: a second load balancer");
        Object.assign(this, { type: "LoadBalancer", class: loadBalancerClass, typeAnnotation: true });
        return;
      default:
        action satisfies never;
    }
  }

  /** One driver's life: rounds until it ends, or is killed after so many effects (records and actions alike). */
  drive(effects: number): AdoptDecision | "killed" {
    let memory: AdoptMemory = freshAdoptMemory(this.adoption.step);
    let left = effects;
    for (let round = 0; round < 500; round += 1) {
      this.reconcile();
      const decision = decideAdoption(this.adoption, this.look(), memory, times);
      if (decision.kind === "stop" || decision.kind === "done" || decision.kind === "undone") return decision;
      if (decision.kind === "wait") {
        memory = decision.memory;
        this.now += 5000;
        continue;
      }
      if (left === 0) return "killed";
      left -= 1;
      if (decision.kind === "act") this.act(decision.action);
      else this.write(decision.step, decision.kind === "turn-back" ? decision.reason : null);
      memory = decision.kind === "act" ? memory : freshAdoptMemory(this.adoption.step);
      this.reconcile();
      this.now += 1000;
    }
    throw new Error(
      `did not end: at ${this.adoption.step} ${this.adoption.direction} after ${this.actions.join(", ")}`,
    );
  }
  private write(step: AdoptionStep, reason: string | null): void {
    this.adoption = { ...this.adoption, step, ...(reason === null ? {} : { direction: "back" as const, reason }) };
  }
}
