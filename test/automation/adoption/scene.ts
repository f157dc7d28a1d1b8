/**
 * A Service's load balancer behind the driver's ports, for what decides nothing: looks, effects, and the loop around
 * them.
 */
import type { AdoptFamily } from "../../../automation/adoption/observe";
import { ServiceAdoption } from "../../../automation/adoption/adopt-service";
import type { DriverEventBody } from "../../../automation/events";
import type { Ports, ServiceObject } from "../../../automation/ports";
import { Session } from "../../../automation/rollout/session";
import type { Adoption } from "../../../stacks/record/adoption";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import type { EnvironmentRecord } from "../../../stacks/record";

const released: ServiceObject = {
  type: "ClusterIP",
  loadBalancerClass: null,
  sourceRanges: [],
  allocateNodePorts: null,
  finalizers: [],
  annotations: {},
  deleting: false,
  resourceVersion: "1",
  ports: [],
  writers: [],
};

export class Scene {
  now = 0;
  record: EnvironmentRecord;
  service: ServiceObject = released;
  tags: Record<string, Record<string, string>>;
  /** What the world is told, in this order. */
  readonly writes: string[] = [];
  readonly events: DriverEventBody[] = [];
  /** Called before each call of a port; may throw as the outside world does. */
  before: (call: string) => void = () => undefined;
  readonly session: Session;
  readonly family: AdoptFamily;

  constructor(readonly adoption: Adoption) {
    this.record = {
      schemaVersion: 1,
      revision: 7,
      rollout: null,
      intent: null,
      placement: { blue: { role: "active", version: "1.35", workload: "running" } },
      ownership: { owner: "service", primary: "blue", adopted: null },
      adoption,
    } as unknown as EnvironmentRecord;
    this.tags = structuredClone(adoption.before.tags) as Record<string, Record<string, string>>;
    const never = new AbortController().signal;
    const config = {
      loadBalancer: { owner: "service" },
      members: ["blue"],
      services: [{ name: "web", namespace: "web", port: 80, targetPort: 8080, healthCheckPath: "/" }],
    };
    const environment = { environment: "dev", config, record: this.record } as unknown as EnvironmentOutputs;
    this.session = new Session(this.ports(), environment, structuredClone(this.record), {
      emit: (event) => this.events.push(event),
      stop: never,
      cancel: never,
      approveRetire: async () => false,
      commandName: "eks-blue-green adopt",
      probes: false,
    });
    this.family = {
      config,
      record: this.record,
      primary: { member: "blue", clusterName: "dev-blue", services: {} },
      members: {},
      probes: false,
    } as unknown as AdoptFamily;
  }
  run(): ReturnType<ServiceAdoption["run"]> {
    return new ServiceAdoption(this.session, this.family).run();
  }
  /** Another driver writes the record. */
  overtake(): void {
    this.record = { ...this.record, revision: this.record.revision + 1 };
  }

  ports(): Ports {
    const asked =
      <T>(call: string, answer: () => T) =>
      async (): Promise<T> => {
        this.before(call);
        return answer();
      };
    const told =
      (call: string, change: (...args: never[]) => unknown) =>
      async (...args: unknown[]): Promise<unknown> => {
        this.before(call);
        this.writes.push([call, ...args.filter((one) => typeof one === "string")].join(" "));
        return change(...(args as never[]));
      };
    const { bindings = [], arn } = this.adoption.before.loadBalancer;
    return {
      clock: {
        now: () => this.now,
        wall: () => this.now,
        sleep: async (milliseconds: number) => void (this.now += milliseconds),
        scaled: (seconds: number) => seconds * 1000,
        random: () => 0,
      },
      pulumi: {
        readEnvironment: asked("readEnvironment", () => ({
          exists: true,
          resources: 1,
          pendingOperations: [],
          outputs: { record: structuredClone(this.record) },
        })),
        adoptedBindings: asked("adoptedBindings", () => []),
        settle: asked("settle", () => null),
        backUpState: asked("backUpState", () => ""),
        forgetAdopted: told("forgetAdopted", () => 0),
      },
      aws: {
        describeLoadBalancer: asked("describeLoadBalancer", () => ({ arn })),
        tags: asked("tags", () => structuredClone(this.tags)),
        targets: asked("targets", () => [{ id: "10.0.0.1:8080", state: "healthy", reason: null, description: null }]),
        removeTags: told("removeTags", (resource: string, keys: readonly string[]) => {
          for (const key of keys) delete this.tags[resource]?.[key];
        }),
        addTags: told("addTags", (resource: string, tags: Record<string, string>) =>
          Object.assign(this.tags[resource] ?? {}, tags),
        ),
      },
      kubernetes: {
        readService: asked("readService", () => this.service),
        controllerRestart: asked("controllerRestart", () => ({ token: null, complete: true })),
        controller: asked("controller", () => ({ available: true, version: null, message: "" })),
        bindingDetails: asked("bindingDetails", () =>
          bindings.map(({ name, namespace }) => ({
            name,
            namespace,
            labels: this.adoption.before.labels[name] ?? {},
            deleting: false,
          })),
        ),
        patchService: told("patchService", () => "patched"),
        labelBinding: told("labelBinding", () => undefined),
        restartController: told("restartController", () => undefined),
      },
    } as unknown as Ports;
  }
}
