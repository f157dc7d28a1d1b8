/**
 * Planted bugs: each breaks the driver from outside, by wrapping its ports so that it sees or does what a driver with
 * that bug would.
 * The simulation must notice every one of them.
 */
import { DriverError } from "../../automation/errors";
import { desiredOfEnvironment, type EnvironmentRecord } from "../../stacks/record";
import type { Ports, Target } from "../../automation/ports";
import type { SimulatedPorts } from "./ports";
import type { Scenario } from "./scenario";
import type { Mutation } from "./simulate";
import { weightHoldSeconds } from "./weights";
import { groupArn, groupArnOf, type World } from "./world";

const pulumi = (ports: SimulatedPorts, change: Partial<Ports["pulumi"]>): SimulatedPorts => ({
  ...ports,
  pulumi: { ...ports.pulumi, ...change },
});
const aws = (ports: SimulatedPorts, change: Partial<Ports["aws"]>): SimulatedPorts => ({
  ...ports,
  aws: { ...ports.aws, ...change },
});
const kubernetes = (ports: SimulatedPorts, change: Partial<Ports["kubernetes"]>): SimulatedPorts => ({
  ...ports,
  kubernetes: { ...ports.kubernetes, ...change },
});
const seenAs = (ports: SimulatedPorts, change: (target: Target) => Target): SimulatedPorts =>
  aws(ports, { targets: async (arn) => (await ports.aws.targets(arn)).map(change) });

/** The propagation hold (and a bake of the same length) is over at once. */
const holdSeconds = 300;
const skipHold: Mutation = (ports) => ({
  ...ports,
  clock: { ...ports.clock, scaled: (seconds) => (seconds === holdSeconds ? 0 : ports.clock.scaled(seconds)) },
});

/** What the stacks declared is taken for what is there: targets are as healthy, and as gone, as the outputs say. */
const trustOutput: Mutation = (ports, world) =>
  aws(ports, {
    targets: async () =>
      world.members.flatMap((name) =>
        (world.stackOf(name).known?.bound ? (world.clusters.get(name)?.ready(world.now) ?? []) : []).map(
          (id): Target => ({ id, state: "healthy", reason: null, description: null }),
        ),
      ),
  });

const drainTheLast: Mutation = (ports) =>
  pulumi(ports, {
    apply: async (stack, context, plan, signal) => {
      const done = await ports.pulumi.apply(stack, context, plan, signal);
      const reading = await ports.pulumi.readEnvironment();
      const intent = reading.outputs?.record.intent;
      // One drain too many: the other member's targets go as well.
      if (intent?.move.kind === "drain")
        await ports.aws.deregister(
          groupArn,
          (await ports.aws.targets(groupArn)).filter((target) => target.state === "healthy").map((target) => target.id),
        );
      return done;
    },
  });

/** Every leftover counts as one's own, without a look at who lists it. */
const deregisterForeign: Mutation = (ports) =>
  aws(ports, {
    deregister: async (arn) =>
      ports.aws.deregister(
        arn,
        (await ports.aws.targets(arn)).map((target) => target.id),
      ),
    targets: async (arn) => {
      const targets = await ports.aws.targets(arn);
      const leaving = targets.filter((target) => target.state === "draining");
      if (leaving.length > 0)
        await ports.aws.deregister(
          arn,
          targets.map((target) => target.id),
        );
      return targets;
    },
  });

const forgetFence: Mutation = (ports, world) =>
  pulumi(ports, {
    writeRecord: (_expected, record, signal) => ports.pulumi.writeRecord(world.record.revision, record, signal),
  });

/**
 * Leftovers are neither seen nor removed, and a controller that has lost its list is not made to write it anew (which
 * leaves none).
 */
const noLeftoversCheck: Mutation = (ports, world) =>
  aws(kubernetes(ports, { resetCheckpoint: async () => undefined }), {
    deregister: async () => undefined,
    targets: async (arn) =>
      (await ports.aws.targets(arn)).filter(
        (target) => target.state !== "draining" && world.clusters.get(world.ownerOf(target.id))?.binding != null,
      ),
  });

const initialIsHealthy: Mutation = (ports) => {
  const seen = seenAs(ports, (target) => ({
    ...target,
    state: target.state === "initial" || target.state === "unhealthy" ? "healthy" : target.state,
  }));
  return aws(seen, { probe: async (_url, count) => ({ sent: count, failed: 0, firstFailure: null }) });
};

const ignoreFlag: Mutation = (ports) =>
  kubernetes(ports, {
    bindings: async (member) =>
      (await ports.kubernetes.bindings(member)).map((binding) => ({ ...binding, multiCluster: true })),
  });

const ignoreProbe: Mutation = (ports) =>
  aws(ports, { probe: async (_url, count) => ({ sent: count, failed: 0, firstFailure: null }) });

/** The move is committed as soon as its update is through: every gate sees what the update was to lead to. */
const commitBeforeGate: Mutation = (ports, world) => skipHold(ignoreProbe(trustOutput(ports, world), world), world);

/** A member is destroyed though it was not drained. */
const retireUndrained: Mutation = (ports, world) =>
  pulumi(ports, {
    apply: async (stack, context, plan, signal) => {
      if (stack.kind === "member" && world.record.intent?.move.kind === "drain") {
        await ports.pulumi.unprotectBindings(stack.member);
        world.removeCluster(stack.member);
        throw new DriverError("EBG-UPDATE-FAILED", "it is gone", "run again");
      }
      return await ports.pulumi.apply(stack, context, plan, signal);
    },
  });

/**
 * The workload is not scaled to zero before the cluster goes: the move is passed over, and the gate after it sees what
 * it was to lead to.
 */
const retireUnscaled: Mutation = (ports, world) => {
  const skips = (): boolean =>
    world.record.intent?.move.kind === "scale" && world.record.intent.move.to.workload === "stopped";
  const stopped = (): boolean =>
    skips() || Object.values(world.record.placement).some((one) => one.workload === "stopped");
  const blind = kubernetes(ports, {
    pods: async (member, namespace, selector) =>
      stopped() ? 0 : await ports.kubernetes.pods(member, namespace, selector),
  });
  return pulumi(blind, {
    apply: async (stack, context, plan, signal) =>
      skips() ? { changes: {}, seconds: 1 } : await ports.pulumi.apply(stack, context, plan, signal),
  });
};

/**
 * Whoever takes over works from what the first driver read, under the revision that is there now, so that no fence
 * notices.
 */
const remembered = new WeakMap<World, EnvironmentRecord>();
const takeOverUnread: Mutation = (ports, world) =>
  pulumi(ports, {
    readEnvironment: async () => {
      const reading = await ports.pulumi.readEnvironment();
      if (reading.outputs === null) return reading;
      const first = remembered.get(world) ?? structuredClone(reading.outputs.record);
      remembered.set(world, first);
      return {
        ...reading,
        outputs: {
          ...reading.outputs,
          record: { ...structuredClone(first), revision: reading.outputs.record.revision },
        },
      };
    },
  });

/** The denial is taken for written. */
const evacuateUnfenced: Mutation = (ports) => ({
  ...ports,
  evacuation: {
    ...ports.evacuation,
    denyRegistering: async () => "denied" as const,
    registeringDenied: async () => true,
  },
});

/** Nobody looks whose targets these are. */
const evacuateEverybody: Mutation = (ports, world) =>
  aws(ports, {
    deregister: async (arn, targets) =>
      ports.aws.deregister(
        arn,
        world.record.evacuation == null ? targets : (await ports.aws.targets(arn)).map((target) => target.id),
      ),
  });

/** On the way back sizes are taken for what they were: the update of a `scale` is passed over. */
const rollbackUnscaled: Mutation = (ports, world) =>
  pulumi(ports, {
    apply: async (stack, context, plan, signal) => {
      const forgets =
        world.record.rollout?.direction === "back" &&
        world.record.intent?.move.kind === "scale" &&
        stack.kind === "member";
      return forgets ? { changes: {}, seconds: 1 } : await ports.pulumi.apply(stack, context, plan, signal);
    },
  });

/** Times are measured with the machine's clock. */
const jumpingClock: Mutation = (ports) => ({ ...ports, clock: { ...ports.clock, now: () => ports.clock.wall() } });

/** What was not told is taken for nothing. */
const untoldIsNothing: Mutation = (ports) =>
  aws(ports, { targets: async (arn) => await ports.aws.targets(arn).catch(() => []) });

/** A member of another environment is taken for ours: whose its stack is was not asked. */
const anybodysStack: Mutation = (ports) =>
  pulumi(ports, {
    readMember: async (member) => {
      const reading = await ports.pulumi.readMember(member);
      const outputs = reading.outputs === null ? null : { ...reading.outputs, environment: "dev", member };
      return { ...reading, outputs, owner: { environment: "dev", member } };
    },
  });

/** The config is read once, when the rollout begins. */
const configReadOnce: Mutation = (ports, world) => {
  world.ignoresConfig = true;
  return ports;
};

/** What is under way is not seen: a command begins anew. */
const beginAnew: Mutation = (ports) =>
  pulumi(ports, {
    readEnvironment: async () => {
      const reading = await ports.pulumi.readEnvironment();
      if (reading.outputs === null) return reading;
      const record = { ...reading.outputs.record, rollout: null, intent: null };
      return { ...reading, outputs: { ...reading.outputs, record } };
    },
  });

/** Behind a drain of the way back it is not seen that nothing answers any more: it waits as long as a gate may last. */
const someAnswer: Mutation = (ports, world) =>
  aws(ports, {
    probe: async (url, count) => {
      const answer = await ports.aws.probe(url, count);
      const { rollout, intent } = world.record;
      return rollout?.direction === "back" && intent?.move.kind === "drain" && answer.failed === answer.sent
        ? { ...answer, failed: answer.sent - 1 }
        : answer;
    },
  });

/** What AWS shows is taken for what routes. */
const skipWeightHold: Mutation = (ports) => ({
  ...ports,
  clock: { ...ports.clock, scaled: (seconds) => (seconds === weightHoldSeconds ? 0 : ports.clock.scaled(seconds)) },
});

/** Weights are as they were declared: nobody reads them back. */
const weightsUnread: Mutation = (ports, world) =>
  aws(ports, {
    weights: async (routes) => {
      const { shares } = desiredOfEnvironment(world.record, { acting: true });
      return routes.map(({ listenerArn, ruleArn }) => ({
        listenerArn,
        ruleArn,
        weights: Object.fromEntries(
          world.members.map((name) => [groupArnOf(listenerArn === "l-web" ? "web" : "api", name), shares?.[name] ?? 0]),
        ),
      }));
    },
  });

/** Whoever gets nothing any more is scaled down as soon as the update is through. */
const scaledInTheGap: Mutation = (ports, world) =>
  pulumi(ports, {
    apply: async (stack, context, plan, signal) => {
      const done = await ports.pulumi.apply(stack, context, plan, signal);
      const move = world.record.intent?.move;
      if (stack.kind === "environment" && move?.kind === "shift")
        for (const [name, { to }] of Object.entries(move.changes))
          if (to.share === 0) Object.assign(world.clusterOf(name), { wanted: 0 });
      world.touch();
      return done;
    },
  });

/** One rule of two is forgotten. */
const oneRouteAlone: Mutation = (ports, world) => {
  const blind = aws(ports, {
    weights: async (routes) => {
      const seen = await ports.aws.weights(routes);
      const [first] = seen;
      return seen.map((one) => ({
        ...one,
        weights: Object.fromEntries(
          Object.entries(one.weights ?? {}).map(([arn, weight]) => [
            arn,
            first?.weights?.[arn.replace("api@", "web@")] ?? weight,
          ]),
        ),
      }));
    },
  });
  return pulumi(blind, {
    apply: async (stack, context, plan, signal) => {
      const before = world.weights?.routes.api.api;
      const done = await ports.pulumi.apply(stack, context, plan, signal);
      if (stack.kind === "environment" && before !== undefined) world.weights?.routes.api.change(before, world.now);
      return done;
    },
  });
};

export interface Planted {
  /** It shows where traffic is weighted. */
  readonly weighted?: true;
  readonly mutate: Mutation;
  /** Runs in which the bug could show at all; default: every one. */
  readonly shows?: (scenario: Scenario) => boolean;
  /** The rule that it breaks; default: any but those of a run that gets nowhere. */
  readonly rule?: string;
  /** The peculiar world that it shows in; default: none. */
  readonly peculiar?: Exclude<Scenario["peculiar"], "none">;
}
const sick = ({ green }: Scenario): boolean => green.sickness === "unhealthy" && green.afterSeconds < 300;
const erring = ({ green }: Scenario): boolean => green.sickness === "errors" && green.afterSeconds < 300;
const evacuates = ({ dead }: Scenario): boolean => dead !== null;
const turnsBack = ({ approves, faults }: Scenario): boolean =>
  !approves || faults.some((fault) => fault.kind === "event" && fault.event.what === "turn-back");
/** There a member that was taken out comes in again, with weights of its own. */
const byHandInCycle = ({ strategy, faults }: Scenario): boolean =>
  strategy === "cycle" && faults.some((fault) => fault.kind === "event" && fault.event.what === "weights-by-hand");
const shortBake = ({ bakeSeconds }: Scenario): boolean => bakeSeconds === 60;
const killed = ({ faults }: Scenario): boolean => faults.some((fault) => fault.kind.startsWith("kill"));
const happens =
  (what: string) =>
  ({ faults }: Scenario): boolean =>
    faults.some(
      (fault) =>
        fault.kind === "event" &&
        fault.event.what === what &&
        !("member" in fault.event && fault.event.member !== "blue"),
    );

export const mutations: Readonly<Record<string, Planted>> = {
  "no hold after a change of weights": { mutate: skipWeightHold, weighted: true, rule: "lost-share", shows: shortBake },
  "weights are not read back": { mutate: weightsUnread, weighted: true, shows: byHandInCycle },
  "one of two rules is forgotten": { mutate: oneRouteAlone, weighted: true, rule: "lost-share" },
  "scaled down before the load balancer follows": { mutate: scaledInTheGap, weighted: true, rule: "lost-request" },
  "skip the hold": { mutate: skipHold },
  "trust the output, don't look": { mutate: trustOutput, shows: sick },
  "drain the last": { mutate: drainTheLast },
  "deregister foreign targets": { mutate: deregisterForeign },
  "forget the fence": { mutate: forgetFence },
  "no leftovers check": { mutate: noLeftoversCheck, shows: happens("targets-forgotten") },
  "take 'initial' for healthy": { mutate: initialIsHealthy, shows: sick },
  "ignore the flag finding": { mutate: ignoreFlag, shows: happens("flag-dropped") },
  "ignore failed requests": { mutate: ignoreProbe, shows: erring },
  "commit before the gate": { mutate: commitBeforeGate },
  "retire without a drain": { mutate: retireUndrained },
  "retire without scale": { mutate: retireUnscaled },
  "evacuate without the controller being fenced": { mutate: evacuateUnfenced, shows: evacuates },
  "evacuate takes everybody's targets": { mutate: evacuateEverybody, shows: evacuates },
  "rollback that forgets the scale": { mutate: rollbackUnscaled, shows: turnsBack },
  "take over without re-reading the record": { mutate: takeOverUnread, shows: killed },
  "take what was not told for nothing": { mutate: untoldIsNothing, peculiar: "single looks are untold" },
  "take anybody's stack for one's own": { mutate: anybodysStack, peculiar: "a neighbour's stack" },
  "wait on the way back though nothing answers": {
    mutate: someAnswer,
    peculiar: "an old member gets bad",
    rule: "outage",
  },
  "begin anew what is under way": { mutate: beginAnew, peculiar: "people act in between" },
  "read the config once": { mutate: configReadOnce, peculiar: "the config is set back" },
  "measure times with a clock that is set": { mutate: jumpingClock, peculiar: "clocks are set" },
};
