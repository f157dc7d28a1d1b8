/**
 * The AWS front: one endpoint (`AWS_ENDPOINT_URL`) for SDKs, the AWS CLI, controllers and provider stand-ins. ELBv2 and
 * EKS are answered here, all else by moto.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { scaledMs } from "../shared/clock";
import type { DataPlaneState, EksBackend, FromDataPlane } from "../contract";
import { SandboxError } from "../shared/errors";
import { AddressPool } from "./address-pool";
import { Ec2 } from "./ec2";
import { callerArn } from "./eks/access";
import type { EksContext, PodIdentity } from "./eks/store";
import type { ElbContext } from "./elbv2/context";
import { dataPlaneState, forgetUnusedHealth, takeHealth } from "./elbv2/data-plane";
import { Store } from "./elbv2/store";
import { deregisterTargets } from "./elbv2/targets";
import { Faults } from "./faults";
import { MotoProxy } from "./moto-proxy";
import { type Permissions, startPermissions } from "./permissions";
import { type LoggedRequest, RequestLog } from "./request-log";
import type { KeySecret } from "./request-signature";
import { handle } from "./router";
import { SecurityGroups } from "./security-groups";
import type { Credentials } from "./signature";
import { review } from "./tokens";
import { KEEP_ALIVE_MS } from "../shared/keep-alive";

export type { Fault, FaultSpec } from "./faults";
export type { LoggedRequest } from "./request-log";

/** How long EKS takes, in AWS's seconds, and how much faster that runs here. */
export interface Provisioning {
  /**
   * How many times faster than AWS clusters and node groups come and go (4 x timeScale: a rehearsal isn't to be all
   * waiting). Never before the real control plane and nodes are ready.
   */
  readonly scale: number;
  readonly clusterSeconds: number;
  readonly upgradeSeconds: number;
  readonly clusterDeleteSeconds: number;
  readonly nodegroupSeconds: number;
  readonly addonSeconds: number;
}

export interface AwsFrontOptions {
  /** `http://127.0.0.1:PORT`, or `unix:PATH` of its socket. */
  readonly motoUrl: string;
  readonly region: string;
  readonly accountId: string;
  readonly timeScale: number;
  readonly eks: EksBackend;
  readonly onDataPlaneState: (state: DataPlaneState) => void;
  readonly onLog?: (entry: object) => void;
  /** The longest that the data plane lags behind a deregistration, in AWS's seconds. Default: 180. */
  readonly deregistrationLagSeconds?: number;
  readonly provisioning?: Partial<Provisioning>;
  /** The only key that requests and Kubernetes tokens may be signed with; any, unchecked, when left out. */
  readonly credentials?: Credentials;
  /** Secret of a controller's key; null: nobody's. */
  readonly controllerSecret?: (accessKeyId: string) => string | null;
  /** The cluster whose load balancer controller has this access key; null: nobody's. Default: nobody has one. */
  readonly controllerOf?: (accessKeyId: string) => string | null;
}

export interface AwsFront {
  readonly url: string;
  close(): Promise<void>;
  onDataPlaneMessage(message: FromDataPlane): void;
  reviewToken(clusterName: string, tokenReview: object): Promise<object>;
  readonly faults: Faults;
  requests(since?: number): readonly LoggedRequest[];
  /** Every operation that was ever asked for, with how often. */
  operations(): Readonly<Record<string, number>>;
  /** Fault: deregisters targets without anybody having asked; answers `group ip:port` of each. `*`: of every group. */
  removeTargets(group: string, address: string, count: number | null): readonly string[];
  /** VPC of an EKS cluster; null when there is none of that name. */
  vpcOf(clusterName: string): string | null;
  /** Pod Identity associations of an EKS cluster; none when there is no such cluster. */
  associationsOf(clusterName: string): readonly PodIdentity[];
}

/** Changes within this time make one message to the data plane. */
const coalesceMs = 5;
/** Changes of EC2 come through the front; this catches what didn't. */
const groupsPollMs = 30_000;

export async function startAwsFront(options: AwsFrontOptions): Promise<AwsFront> {
  const front = new Front(options);
  await front.listen();
  return front;
}

class Front implements AwsFront {
  url = "";
  readonly faults = new Faults();
  private readonly log: RequestLog;
  private readonly store = new Store();
  private readonly moto: MotoProxy;
  private readonly groups: SecurityGroups;
  private readonly elb: ElbContext;
  private readonly eks: EksContext;
  private readonly permissions: Permissions;
  private readonly timers = new Set<NodeJS.Timeout>();
  private closed = false;
  private publishing: NodeJS.Timeout | null = null;
  private readonly poll: NodeJS.Timeout;
  private readonly server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) =>
      void handle(
        {
          region: this.options.region,
          ownKey: this.options.credentials?.accessKeyId,
          secretOf: this.options.credentials && this.secretOf,
          ...this.permissions,
          elb: this.elb,
          eks: this.eks,
          moto: this.moto,
          faults: this.faults,
          log: this.log,
          ec2Changed: () => this.ec2Changed(),
          later: this.later,
        },
        request,
        response,
      ),
  );

  constructor(private readonly options: AwsFrontOptions) {
    const { region, accountId, timeScale, motoUrl, eks, onLog } = options;
    const provisioning = {
      scale: 4 * timeScale,
      clusterSeconds: 600,
      upgradeSeconds: 540,
      clusterDeleteSeconds: 180,
      nodegroupSeconds: 120,
      addonSeconds: 20,
      ...options.provisioning,
    };
    this.log = new RequestLog(5_000, onLog);
    this.moto = new MotoProxy(motoUrl);
    const ec2 = new Ec2(this.moto, region);
    this.groups = new SecurityGroups(ec2, (address) => this.groupsOfPod(address));
    const changed = (): void => this.publish();
    this.elb = {
      store: this.store,
      ec2,
      region,
      accountId,
      scaled: (seconds) => scaledMs(seconds, timeScale),
      deregistrationLagSeconds: options.deregistrationLagSeconds ?? 180,
      changed,
      later: this.later,
    };
    this.eks = {
      clusters: new Map(),
      backend: eks,
      ec2,
      pool: new AddressPool(),
      region,
      accountId,
      seconds: {
        cluster: provisioning.clusterSeconds,
        upgrade: provisioning.upgradeSeconds,
        clusterDelete: provisioning.clusterDeleteSeconds,
        nodegroup: provisioning.nodegroupSeconds,
        addon: provisioning.addonSeconds,
      },
      wait: (seconds) => new Promise((resolve) => this.later(scaledMs(seconds, provisioning.scale), resolve)),
      nodesChanged: () => this.ec2Changed(),
      log: (entry) => onLog?.(entry),
      closed: () => this.closed,
    };
    const { controllerOf, credentials } = options;
    this.permissions = startPermissions(this.moto, this.elb, this.eks, controllerOf, credentials?.accessKeyId);
    this.poll = setInterval(() => this.ec2Changed(), groupsPollMs);
    this.poll.unref();
  }

  /** Never calls back once the front is closed. */
  private readonly later = (ms: number, run: () => void): void => {
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    timer.unref();
    this.timers.add(timer);
  };

  /** Of every key that may be used: whatever makes more keys has to be asked here too. */
  private readonly secretOf = (accessKeyId: string): KeySecret | null => {
    const { credentials, controllerSecret } = this.options;
    const secret =
      credentials?.accessKeyId === accessKeyId ? credentials.secretAccessKey : controllerSecret?.(accessKeyId);
    return secret == null
      ? this.permissions.principals.secretOf(accessKeyId)
      : { secretAccessKey: secret, sessionToken: null };
  };

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", (error) =>
        reject(
          new SandboxError(
            "SBX-AWS-FRONT",
            `the AWS front can't listen: ${error.message}`,
            "Is 127.0.0.1 usable, and are there free ports?",
            error,
          ),
        ),
      );
      this.server.listen(0, "127.0.0.1", () => {
        this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
        resolve();
      });
    });
  }

  private groupsOfPod(address: string): readonly string[] | null {
    for (const cluster of this.eks.clusters.values()) {
      for (const group of cluster.nodegroups?.values() ?? [])
        for (const node of group.nodes)
          if (node.address === address || node.podAddresses.includes(address)) return node.securityGroupIds;
    }
    return null;
  }

  private ec2Changed(): void {
    this.groups.invalidate();
    // Nothing of EC2 matters to the data plane while nothing listens.
    if (this.store.listeners.size > 0) this.publish();
  }

  private publish(): void {
    if (this.closed || this.publishing !== null) return;
    this.publishing = setTimeout(() => {
      this.publishing = null;
      void this.publishNow();
    }, coalesceMs);
  }

  private async publishNow(): Promise<void> {
    forgetUnusedHealth(this.store);
    try {
      const reachable = await this.groups.current();
      if (!this.closed) this.options.onDataPlaneState(dataPlaneState(this.store, reachable));
    } catch (error) {
      this.options.onLog?.({ event: "data-plane-state-failed", message: String(error) });
      this.later(500, () => this.publish());
    }
  }

  onDataPlaneMessage(message: FromDataPlane): void {
    if (message.type === "health") takeHealth(this.elb, message);
    // A data plane that was started anew knows nothing yet.
    else if (message.type === "ready") this.publish();
  }

  reviewToken(clusterName: string, tokenReview: object): Promise<object> {
    const { accountId, credentials } = this.options;
    return Promise.resolve(
      review(this.eks.clusters.get(clusterName), clusterName, tokenReview, {
        accountId,
        credentials,
        callerArn: callerArn(this.eks),
        others: (id) => this.permissions.principals.forToken(id),
        now: Date.now,
      }),
    );
  }

  requests(since?: number): readonly LoggedRequest[] {
    return this.log.list(since);
  }

  operations(): Readonly<Record<string, number>> {
    return this.log.operations();
  }

  removeTargets(group: string, address: string, count: number | null): readonly string[] {
    const found = [...this.store.targetGroups.values()]
      .filter((one) => group === "*" || one.name === group)
      .flatMap((one) =>
        [...one.targets.values()]
          .filter((target) => target.deregisteredAt === null && target.id.startsWith(address))
          .map((target) => ({ group: one, target })),
      );
    const hit = found.slice(0, count ?? undefined);
    for (const { group: from, target } of hit)
      void deregisterTargets(this.elb, {
        TargetGroupArn: from.arn,
        Targets: [{ Id: target.id, Port: String(target.port) }],
      });
    return hit.map(({ group: from, target }) => `${from.name} ${target.id}:${target.port}`);
  }

  vpcOf(clusterName: string): string | null {
    return this.eks.clusters.get(clusterName)?.vpcId ?? null;
  }

  associationsOf(clusterName: string): readonly PodIdentity[] {
    return [...(this.eks.clusters.get(clusterName)?.identities.values() ?? [])];
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.poll);
    if (this.publishing) clearTimeout(this.publishing);
    for (const timer of this.timers) clearTimeout(timer);
    const ended = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await ended;
    this.moto.close();
  }
}
