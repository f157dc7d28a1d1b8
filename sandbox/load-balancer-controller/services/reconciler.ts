/** One pass over one Service: makes its load balancer, or takes it away. */
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone } from "../../kubernetes/retry";
import { paths } from "../api-paths";
import type { Ec2 } from "../aws/ec2";
import type { EventReason, EventRecorder } from "../event-recorder";
import { log } from "../log";
import type { Outcome } from "../queue";
import { isPendingFinalization, isProtected, isSupported, SERVICE_FINALIZER } from "./annotations";
import type { Resolved, ServiceDeployer } from "./deployer";
import type { ServiceGroups } from "./groups";
import { buildModel, type ServiceModel } from "./model";
import { resolveSubnets } from "./subnets";
import type { Store } from "../bindings/store";
import type { ServiceObject } from "../types";

export interface ServiceReconcilerParts {
  readonly client: ApiClient;
  readonly store: Store;
  readonly ec2: Ec2;
  readonly groups: ServiceGroups;
  readonly deployer: ServiceDeployer;
  readonly events: EventRecorder;
  readonly clusterName: string;
  readonly vpcId: string;
  readonly defaultTargetType: "ip" | "instance";
  readonly loadBalancerTypeOnly: boolean;
}

export class ServiceReconciler {
  constructor(private readonly parts: ServiceReconcilerParts) {}

  async reconcile(key: string): Promise<Outcome> {
    const [namespace = "", name = ""] = key.split("/");
    const service = await orGone(this.parts.client.get<ServiceObject>(paths.service(namespace, name)));
    if (!service) return {};
    const resolved = await this.telling(service, "FailedBuildModel", "Failed build model", () => this.build(service));
    if (resolved === null) await this.takeAway(service);
    else await this.bring(service, resolved);
    return {};
  }

  /** Null when the Service shall have no load balancer. Only a Service without finalizer goes unheeded. */
  private async build(service: ServiceObject): Promise<Resolved | null> {
    const { defaultTargetType, clusterName, store } = this.parts;
    if (!this.supports(service)) {
      if (isPendingFinalization(service) && isProtected(service))
        throw new Error(`deletion_protection is enabled, cannot delete the service: ${service.metadata.name}`);
      return null;
    }
    const model = buildModel(service, {
      clusterName,
      defaultTargetType,
      sibling: (name) => store.services.get(`${service.metadata.namespace}/${name}`),
    });
    return this.resolve(service, model);
  }

  private supports(service: ServiceObject): boolean {
    return isSupported(service, this.parts.loadBalancerTypeOnly);
  }

  private async resolve(service: ServiceObject, model: ServiceModel): Promise<Resolved> {
    const { ec2, vpcId, clusterName, groups, deployer } = this.parts;
    const existing = await deployer.existing(service);
    const scheme = model.scheme ?? (existing?.Scheme === "internet-facing" ? "internet-facing" : "internal");
    // A network load balancer can get its first security group only when it is made.
    const bare = existing !== undefined && existing.Scheme === scheme && (existing.SecurityGroups ?? []).length === 0;
    // One that is there keeps its subnets unless the annotation names others.
    const present =
      existing?.Scheme === scheme ? (existing.AvailabilityZones ?? []).flatMap((one) => one.SubnetId ?? []) : [];
    const subnets =
      model.subnets.length === 0 && present.length > 0
        ? present
        : await resolveSubnets({ ec2, vpcId, clusterName, named: model.subnets, scheme });
    const shared = model.backendGroup && !bare ? await groups.sharedGroup() : null;
    return {
      model,
      scheme,
      subnets,
      securityGroups: bare ? null : model.securityGroups.length > 0 ? "given" : "managed",
      backendGroup: shared,
    };
  }

  private async bring(service: ServiceObject, resolved: Resolved): Promise<void> {
    const { client, deployer, events, groups } = this.parts;
    await this.telling(service, "FailedAddFinalizer", "Failed add finalizer", () => this.addFinalizer(service));
    const hostname = await this.telling(service, "FailedDeployModel", "Failed deploy model", () =>
      deployer.deploy(service, resolved),
    );
    if (resolved.backendGroup === null && !this.isSharedGroupNeeded(service)) await groups.releaseShared();
    const ingress = service.status?.loadBalancer?.ingress ?? [];
    if (ingress.length !== 1 || ingress[0]?.hostname !== hostname) {
      await this.telling(service, "FailedUpdateStatus", "Failed update status", () =>
        client.patch(`${this.pathOf(service)}/status`, "merge", {
          status: { loadBalancer: { ingress: [{ hostname }] } },
        }),
      );
    }
    events.record(service, "Normal", "SuccessfullyReconciled", "Successfully reconciled");
  }

  private async takeAway(service: ServiceObject): Promise<void> {
    if (!isPendingFinalization(service)) return;
    const { client, deployer, groups } = this.parts;
    await this.telling(service, "FailedDeployModel", "Failed deploy model", async () => {
      await deployer.remove(service);
      if (!this.isSharedGroupNeeded(service)) await groups.releaseShared();
    });
    if (!service.metadata.deletionTimestamp) {
      await this.telling(service, "FailedCleanupStatus", "Failed update status", () =>
        client.patch(`${this.pathOf(service)}/status`, "merge", { status: { loadBalancer: { ingress: null } } }),
      );
    }
    const finalizers = (service.metadata.finalizers ?? []).filter((one) => one !== SERVICE_FINALIZER);
    await this.telling(service, "FailedRemoveFinalizer", "Failed remove finalizer", () =>
      orGone(client.patch(this.pathOf(service), "merge", { metadata: { finalizers } })),
    );
    log("info", "load balancer taken away", { service: service.metadata.name });
  }

  /**
   * A Service whose load balancer was handed over doesn't count, even though that load balancer still has the group.
   */
  private isSharedGroupNeeded(leaving: ServiceObject): boolean {
    return [...this.parts.store.services.values()].some(
      (one) => one.metadata.uid !== leaving.metadata.uid && isPendingFinalization(one) && this.supports(one),
    );
  }

  private async addFinalizer(service: ServiceObject): Promise<void> {
    if (isPendingFinalization(service)) return;
    const finalizers = [...(service.metadata.finalizers ?? []), SERVICE_FINALIZER];
    await this.parts.client.patch(this.pathOf(service), "merge", {
      metadata: { resourceVersion: service.metadata.resourceVersion, finalizers },
    });
  }

  private pathOf(service: ServiceObject): string {
    return paths.service(service.metadata.namespace ?? "", service.metadata.name);
  }

  private async telling<T>(
    service: ServiceObject,
    reason: EventReason,
    what: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { name, message } = error as Error;
      this.parts.events.record(
        service,
        "Warning",
        reason,
        `${what} due to ${name === "Error" ? message : `${name}: ${message}`}`,
      );
      throw error;
    }
  }
}
