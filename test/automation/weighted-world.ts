/**
 * The world of world.ts with weighted traffic: two services, each with a target group for each member and a route of its
 * own. A weight that AWS tells is not yet one that routes: some node of the load balancer still goes by the former one.
 */
import { parseEnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs, ServiceTargetGroup } from "../../stacks/contract";
import { desiredOfEnvironment, type Step } from "../../stacks/record";
import { groupsOf } from "../../stacks/config/group-refs";
import type { PlannedOperation, Ports, RouteWeights } from "../../automation/ports";
import { DriverError } from "../../automation/errors";
import { config, Killed, World } from "./world";

type Weights = Readonly<Record<string, number>>;

/** Both services have the same pods. */
export const ports = ["web", "api"] as const;
type Port = (typeof ports)[number];

const service = (name: string, port: number) => ({
  name,
  namespace: "web",
  image: "eks-blue-green/echo:1",
  port,
  targetPort: 8080,
  replicas: 3,
  healthCheckPath: "/healthz",
});

interface RouteState {
  /** By member: as the state of Pulumi's stack has it. */
  state: Weights;
  /** As AWS tells it, with everything that it was before and since when it is not. */
  api: Weights;
  former: { readonly weights: Weights; readonly until: number }[];
}

export class WeightedWorld extends World {
  override readonly values = {
    "eks-blue-green:traffic": "weighted",
    "eks-blue-green:services": JSON.stringify([service("web", 80), service("api", 8080)]),
    "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", bakeSeconds: 300 }),
  };
  readonly routes: Record<Port, RouteState>;
  /** How long some node may still route by a former weight. */
  lagMs = 500_000;
  /** Called before AWS changes a route: throws what AWS answers. */
  modify: (port: Port) => void = () => undefined;
  /** Whether AWS does not tell the weights now. */
  weightsUntold: () => boolean = () => false;
  /** Vectors that AWS was told, one after the other, as `blue 90, green 10`. */
  readonly told: string[] = [];

  constructor(members: readonly string[] = ["blue", "green"]) {
    super("replace", members);
    const shares: Weights = Object.fromEntries(members.map((name, index) => [name, index === 0 ? 100 : 0]));
    const route = (): RouteState => ({ state: shares, api: shares, former: [] });
    this.routes = { web: route(), api: route() };
    const first = this.record.placement[members[0] ?? ""];
    if (first === undefined) throw new Error("no member");
    this.record = {
      ...this.record,
      schemaVersion: 2,
      placement: { ...this.record.placement, [members[0] ?? ""]: { ...first, share: 100 } },
    };
    this.deployed = parseEnvironmentConfig({ ...config, ...this.values }, { environment: "dev" });
  }

  /** Both serve, at the same version, with these shares. */
  bothServe(shares: Weights): this {
    for (const [name, share] of Object.entries(shares)) {
      if (!this.clusters.has(name)) this.clusters.set(name, this.member("1.34", true));
      this.record = {
        ...this.record,
        placement: {
          ...this.record.placement,
          [name]: { role: "active", version: "1.34", workload: "running", share },
        },
      };
    }
    for (const port of ports) Object.assign(this.routes[port], { api: shares, state: shares, former: [] });
    this.reconcile();
    this.now += 600_000;
    this.reconcile();
    this.failingMs = 0;
    return this;
  }

  /** Vectors by which some node may route now. */
  routing(port: Port): Weights[] {
    const { api, former } = this.routes[port];
    return [api, ...former.filter(({ until }) => this.now < until + this.lagMs).map(({ weights }) => weights)];
  }

  /** By hand, or by an update. */
  tell(port: Port, weights: Weights): void {
    const route = this.routes[port];
    route.former.push({ weights: route.api, until: this.now });
    route.api = weights;
    this.told.push(
      `${port}: ${Object.entries(weights)
        .map(([member, weight]) => `${member} ${weight}`)
        .join(", ")}`,
    );
  }

  /** Whether a member answers none of a service's requests. */
  protected loses(member: string, _port: Port): boolean {
    return this.erring.has(member) || !this.serving().some((id) => this.targets.get(id)?.member === member);
  }
  /** The part of a route's requests that fail on the worst of the nodes. */
  failingOf(port: Port): number {
    const part = (weights: Weights): number => {
      const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
      if (sum === 0) return 1;
      return Object.entries(weights).reduce(
        (failing, [member, weight]) => (this.loses(member, port) ? failing + weight / sum : failing),
        0,
      );
    };
    return Math.max(...this.routing(port).map(part));
  }
  override failingShare(): number {
    return this.routes === undefined ? 0 : Math.max(...ports.map((port) => this.failingOf(port)));
  }
  override fails(): boolean {
    return this.failingShare() > 0;
  }

  private groupArn = (key: string): string =>
    `arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/${key}/1`;
  private keyOf = (arn: string): string => arn.split("/")[1] ?? "";

  override environmentOutputs(): EnvironmentOutputs {
    const outputs = super.environmentOutputs();
    const groups = groupsOf(this.deployed, this.members, "weighted").map((ref): [string, ServiceTargetGroup] => [
      ref.key,
      {
        name: ref.key,
        service: ref.service,
        portKey: ref.port,
        member: ref.member,
        loadBalancerArn: "lb",
        dnsName: "lb.localhost",
        targetGroupArn: this.groupArn(ref.key),
        targetGroupName: ref.key,
        listenerArn: "l",
        ruleArn: ref.port === "web" ? null : `rule-${ref.port}`,
        port: 80,
      },
    ]);
    return {
      ...outputs,
      loadBalancer: { ...outputs.loadBalancer, traffic: "weighted", services: Object.fromEntries(groups) },
    };
  }
  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    const web = outputs?.services["web"];
    if (outputs === null || web === undefined) return outputs;
    return {
      ...outputs,
      services: Object.fromEntries(
        ports.map((port) => [port, { ...web, targetGroupArn: this.groupArn(`${port}@${name}`) }]),
      ),
    };
  }

  private desired(acting: boolean): Weights {
    const { shares } = desiredOfEnvironment(this.record, { acting });
    return Object.fromEntries(this.members.map((name) => [name, shares?.[name] ?? 0]));
  }
  private routeOperations(): PlannedOperation[] {
    const wanted = JSON.stringify(this.desired(true));
    return ports
      .filter((port) => JSON.stringify(this.routes[port].state) !== wanted)
      .map((port) => {
        const [type, root] =
          port === "web"
            ? ["aws:lb/listener:Listener", "defaultActions"]
            : ["aws:lb/listenerRule:ListenerRule", "actions"];
        return {
          operation: "update",
          type,
          urn: `urn:pulumi:dev::p::${type}::${port}`,
          paths: [`${root}[0].forward.targetGroups[0].weight`],
          custom: true,
        };
      });
  }
  /** What the update changes before it fails stays changed. */
  private async applyWeights(expected: number): Promise<{ changes: object; seconds: number }> {
    await this.effect("apply", () => this.fence(expected));
    const wanted = this.desired(true);
    for (const port of ports) {
      if (JSON.stringify(this.routes[port].state) === JSON.stringify(wanted)) continue;
      await this.effect(`modify ${port}`, () => {
        this.modify(port);
        this.tell(port, wanted);
      });
      this.routes[port].state = wanted;
    }
    return { changes: { update: 2 }, seconds: 1 };
  }
  private answered(routes: Parameters<Ports["aws"]["weights"]>[0]): RouteWeights[] {
    return routes.map(({ listenerArn, ruleArn }) => {
      const port: Port = ruleArn === null ? "web" : "api";
      const weights = Object.entries(this.routes[port].api).map(([name, weight]) => [
        this.groupArn(`${port}@${name}`),
        weight,
      ]);
      return { listenerArn, ruleArn, weights: Object.fromEntries(weights) as Record<string, number> };
    });
  }

  override ports(): Ports {
    const all = super.ports();
    return {
      ...all,
      pulumi: {
        ...all.pulumi,
        preview: (stack, context, ...rest) =>
          stack.kind === "environment" && context?.kind === "act"
            ? this.effect("preview", () => {
                this.fence(context.expectedRevision);
                return { operations: [...this.routeOperations(), ...this.extraOperations], plan: "plan" };
              })
            : all.pulumi.preview(stack, context, ...rest),
        apply: (stack, context, ...rest) =>
          stack.kind === "environment" && context?.kind === "act"
            ? (this.applyWeights(context.expectedRevision) as ReturnType<Ports["pulumi"]["apply"]>)
            : all.pulumi.apply(stack, context, ...rest),
        refreshRoutes: () =>
          this.effect("refreshRoutes", () => {
            for (const port of ports) this.routes[port].state = this.routes[port].api;
            return ports.length;
          }),
      },
      aws: {
        ...all.aws,
        weights: async (routes) => {
          if (this.dead) throw new Killed();
          if (this.weightsUntold()) throw new DriverError("EBG-AWS", "Throttling", "wait");
          return this.answered(routes);
        },
        targets: async (arn) => {
          const member = this.keyOf(arn).split("@")[1];
          return (await all.aws.targets(arn)).filter(({ id }) => this.targets.get(id)?.member === member);
        },
        probe: async (_url, count) => {
          const failed = Math.min(count, Math.ceil(count * this.failingShare()));
          return { sent: count, failed, firstFailure: failed > 0 ? "503" : null };
        },
      },
      kubernetes: {
        ...all.kubernetes,
        bindings: async (member) =>
          (await all.kubernetes.bindings(member)).flatMap((binding) =>
            ports.map((port) => ({
              ...binding,
              name: port,
              targetGroupArn: this.groupArn(`${port}@${member.member}`),
            })),
          ),
      },
    };
  }
}

type Shares = Readonly<Record<string, number>>;

/** Steps of one upgrade as a plan has them: green comes in at 0, takes over in steps, blue leaves and goes. */
export function replacing(percents: readonly number[], version = "1.35", old = "1.34"): Step[] {
  const blue = (share: number) => ({ role: "active", version: old, workload: "running", share }) as const;
  const green = (share: number) => ({ role: "active", version, workload: "running", share }) as const;
  const standby = { role: "standby", version, workload: "running" } as const;
  const out = { role: "standby", version: old, workload: "running" } as const;
  const stopped = { ...out, workload: "stopped" } as const;
  const absent = { role: "absent", version: null, workload: "running" } as const;
  const shift = (from: Shares, to: Shares): Step => ({
    type: "move",
    kind: "shift",
    changes: {
      blue: { from: blue(from["blue"] ?? 0), to: blue(to["blue"] ?? 0) },
      green: { from: green(from["green"] ?? 0), to: green(to["green"] ?? 0) },
    },
  });
  const vectors = [0, ...percents].map((percent) => ({ blue: 100 - percent, green: percent }));
  const shifts = vectors
    .slice(1)
    .flatMap((to, index): Step[] => [
      shift(vectors[index] ?? {}, to),
      { type: "bake", seconds: 300, why: `green serves with ${to.green} %` },
    ]);
  return [
    { type: "move", kind: "provision", member: "green", from: absent, to: standby },
    { type: "move", kind: "admit", member: "green", from: standby, to: green(0) },
    ...shifts,
    { type: "move", kind: "drain", member: "blue", from: blue(0), to: out },
    { type: "move", kind: "scale", member: "blue", from: out, to: stopped },
    { type: "move", kind: "retire", member: "blue", from: stopped, to: absent },
  ];
}
