/**
 * What goes wrong in one run, as plain data made from a seed: a failing run can be replayed and its faults be taken
 * away one by one.
 */
import { describeAsked as describeCommand } from "../../automation/text/command-line";
import type { RolloutCommand } from "../../stacks/record";
import { inPeculiarWorld, peculiarWorldOf, type Peculiar } from "./peculiar";
import { Random } from "./random";

/** The minors that an upgrade may lead to; 1.34 runs. */
const oneMinor = "1.35";
const twoMinors = "1.36";

/**
 * How one call through a port goes wrong. `hang`: no answer until the call's deadline. `lost`: it worked, and the
 * answer never came.
 */
export type CallFault = "throttle" | "error" | "hang" | "lost";
export const effectCalls = [
  "ensureMemberStack",
  "writeRecord",
  "preview",
  "apply",
  "previewDestroy",
  "destroy",
  "unprotectBindings",
  "refreshBindings",
  "backUpState",
  "deregister",
  "resetCheckpoint",
  "denyRegistering",
  "allowRegistering",
] as const;
export const lookCalls = [
  "readEnvironment",
  "readMember",
  "settle",
  "identity",
  "targets",
  "probe",
  "alarms",
  "bindings",
  "recordedTargets",
  "readyEndpoints",
  "ready",
  "nodes",
  "controller",
  "deployment",
  "pods",
  "registeringDenied",
  "ownersOf",
] as const;
export type CallName = (typeof effectCalls)[number] | (typeof lookCalls)[number];

export type Fault =
  /** The nth to (nth + times - 1)th call of that name goes wrong. */
  | {
      readonly kind: "call";
      readonly call: CallName;
      readonly nth: number;
      readonly times: number;
      readonly how: CallFault;
    }
  /** The driver dies at its nth effect, before or after it; its engine may outlive it. */
  | { readonly kind: "kill"; readonly effect: number; readonly after: boolean }
  /** The driver dies a while after its nth effect was begun: in an update, a gate, or a bake. */
  | { readonly kind: "kill-later"; readonly effect: number; readonly afterSeconds: number }
  /** The engine dies within the nth update, and with it the driver or not. */
  | {
      readonly kind: "engine-kill";
      readonly update: number;
      readonly step: number;
      readonly after: boolean;
      readonly driverToo: boolean;
    }
  | { readonly kind: "event"; readonly effect: number; readonly afterSeconds: number; readonly event: WorldEvent };

export type ClusterEvent =
  | { readonly what: "api-down" | "controller-down"; readonly member: string; readonly seconds: number }
  | { readonly what: "target-removed" | "pod-crash"; readonly member: string; readonly seconds: number }
  | { readonly what: "flag-dropped"; readonly member: string }
  /**
   * The controller's ConfigMap is deleted and the controller restarted: it will deregister nothing of its own
   * (docs/reference/controller-behaviour.md).
   */
  | { readonly what: "targets-forgotten"; readonly member: string }
  /** For good, or until a person mends it: sick, answering errors, or gone with its API server and its pods. */
  | { readonly what: "gets-bad"; readonly member: string; readonly how: "unhealthy" | "errors" | "dead" }
  /** `kubectl scale`. */
  | { readonly what: "scaled-by-hand"; readonly member: string; readonly replicas: number };
export type WorldEvent =
  | ClusterEvent
  | { readonly what: "plain-up"; readonly member: string }
  /** Single looks at the target group, or at a member, get no answer: the next ones, or every nth from here on. */
  | { readonly what: "untold"; readonly of: string; readonly looks: number; readonly every: number | null }
  /** A second operator types something else. */
  | { readonly what: "other-command"; readonly asked: Asked }
  /** The version in the config is set back to what ran. */
  | { readonly what: "config-set-back" }
  /** The machine's clock is set. */
  | { readonly what: "clock-set"; readonly seconds: number }
  | { readonly what: "second-driver" }
  | { readonly what: "stop-asked" }
  /** Somebody gives a rule the weights that it had before, in the console. */
  | { readonly what: "weights-by-hand" }
  /** A person wants what runs turned around: `rollback` from here on, after a stop of what runs or beside it. */
  | { readonly what: "turn-back"; readonly stops: boolean };

/** Break-glass, for a member whose cluster is dead. */
export interface Evacuate {
  readonly name: "evacuate";
  readonly member: string;
  readonly percent: null;
}
/** What is run, one after the other, each until it is done: `upgrade` (null), planned work, or an evacuation. */
export type Asked = RolloutCommand | Evacuate | null;
/** As a person types it. */
export const commandOf = (asked: Asked): string =>
  asked?.name === "evacuate" ? `evacuate ${asked.member}` : describeCommand(asked);

/**
 * Dead from the beginning. It comes back by itself so long after the first effect; a person brings it back when nothing
 * else helps.
 */
export interface DeadCluster {
  readonly member: string;
  readonly what: "api" | "controller";
  readonly podsToo: boolean;
  readonly returnsAfterSeconds: number;
}

export interface Scenario {
  readonly seed: number;
  readonly peculiar: Peculiar;
  readonly strategy: "replace" | "cycle";
  /** Absent: shared. */
  readonly traffic?: "weighted";
  readonly members: readonly string[];
  readonly commands: readonly Asked[];
  /** The minor that an upgrade leads to: one or two above what runs. */
  readonly wanted: string;
  readonly dead: DeadCluster | null;
  /** False: nobody approves of destroying the old member, and who is asked wants to go back instead. */
  readonly approves: boolean;
  readonly bakeSeconds: number;
  readonly holdSeconds: number;
  /** Green's pods: good, or bad in one of two ways, from `badAfterSeconds` after it is bound. */
  readonly green: { readonly sickness: "none" | "unhealthy" | "errors"; readonly afterSeconds: number };
  /** One of blue's pods has failed its health check for weeks; a person mends it when nothing else helps. */
  readonly sickFromTheStart: boolean;
  /**
   * The longest that DescribeTargetHealth takes: with retries after throttling that is seconds, and what it tells is
   * that old.
   */
  readonly slowestAnswerMs: number;
  readonly faults: readonly Fault[];
}

const ofEvacuation: readonly CallName[] = ["denyRegistering", "allowRegistering", "registeringDenied", "ownersOf"];

function callFault(random: Random): Fault {
  const effect = random.chance(0.6);
  const call = random.pick<CallName>((effect ? effectCalls : lookCalls).filter((name) => !ofEvacuation.includes(name)));
  return {
    kind: "call",
    call,
    nth: effect ? random.whole(1, 8) : random.whole(1, 400),
    times: effect ? random.whole(1, 2) : random.whole(1, 15),
    how: random.pick<CallFault>(["throttle", "error", "hang", "lost"]),
  };
}

function worldEvent(random: Random, members: readonly string[]): WorldEvent {
  const member = random.pick(members);
  const what = random.pick([
    "api-down",
    "controller-down",
    "target-removed",
    "pod-crash",
    "pod-crash",
    "plain-up",
    "second-driver",
    "flag-dropped",
    "targets-forgotten",
    "stop-asked",
  ] as const);
  switch (what) {
    case "api-down":
    case "controller-down":
      return { what, member, seconds: random.whole(20, 1500) };
    case "target-removed":
    case "pod-crash":
      return { what, member, seconds: random.whole(5, 240) };
    case "plain-up":
    case "flag-dropped":
    case "targets-forgotten":
      return { what, member };
    case "second-driver":
    case "stop-asked":
      return { what };
    default:
      return what satisfies never;
  }
}

function fault(random: Random, members: readonly string[], longest: number): Fault {
  const effect = random.whole(1, longest);
  const dice = random.next();
  if (dice < 0.3) return callFault(random);
  if (dice < 0.42) return { kind: "kill", effect, after: random.chance(0.5) };
  if (dice < 0.52) return { kind: "kill-later", effect, afterSeconds: random.whole(1, 600) };
  if (dice < 0.64)
    return {
      kind: "engine-kill",
      update: random.whole(1, 5),
      step: random.whole(0, 2),
      after: random.chance(0.5),
      driverToo: random.chance(0.7),
    };
  return { kind: "event", effect, afterSeconds: random.whole(0, 400), event: worldEvent(random, members) };
}

const work = (name: "admit" | "drain" | "scale", member: string, percent: number | null = null): Asked => ({
  name,
  member,
  percent,
});

/**
 * Planned work that a team does on members that all serve: each undoes the one before, so that every one of them has
 * something to do.
 */
function plannedWork(random: Random, members: readonly string[]): readonly Asked[] {
  const member = random.pick(members);
  const other = random.pick(members.filter((name) => name !== member));
  return random.pick([
    [work("drain", member), work("admit", member)],
    [work("scale", member, 200), work("drain", other), work("admit", other), work("scale", member, 100)],
    [work("drain", member), work("scale", member, 150), work("admit", member), work("drain", other)],
  ]);
}

type Shape = Pick<Scenario, "strategy" | "members" | "commands" | "wanted" | "dead" | "approves"> & {
  /** Faults that make the shape what it is. */
  readonly own: readonly Fault[];
};
const plain = { wanted: oneMinor, dead: null, approves: true, own: [] } as const;

/** Somebody wants an upgrade turned around: at any point of it, or instead of destroying the old member. */
function turnedBack(random: Random, strategy: Scenario["strategy"]): Pick<Shape, "approves" | "own"> {
  if (strategy === "replace" && random.chance(0.3)) return { approves: false, own: [] };
  return {
    approves: true,
    own: [
      {
        kind: "event",
        effect: random.whole(2, strategy === "cycle" ? 50 : 30),
        afterSeconds: random.whole(0, 400),
        event: { what: "turn-back", stops: random.chance(0.6) },
      },
    ],
  };
}

/** A cluster is dead: out without its help, in order again once it is back, and in again. */
function evacuation(random: Random): Shape {
  const members = random.chance(0.5) ? ["blue", "green"] : ["blue", "green", "red"];
  const member = random.pick(members);
  const asked = { name: "evacuate", member, percent: null } as const;
  const own: Fault[] = random.chance(0.5)
    ? []
    : [
        {
          kind: "call",
          call: random.pick(ofEvacuation),
          nth: random.whole(1, 2),
          times: 1,
          how: random.pick<CallFault>(["throttle", "error", "hang", "lost"]),
        },
      ];
  const dead: DeadCluster = {
    member,
    what: random.pick(["api", "api", "controller"] as const),
    podsToo: random.chance(0.4),
    returnsAfterSeconds: random.pick([60, 200, 400, 900, 3000]),
  };
  return {
    ...plain,
    strategy: "cycle",
    members,
    commands: [asked, work("drain", member), work("admit", member)],
    dead,
    own,
  };
}

function shapeOf(random: Random): Shape {
  const dice = random.next();
  if (dice < 0.1) return evacuation(random);
  const turns = random.chance(0.2);
  const wanted = random.chance(0.3) ? twoMinors : oneMinor;
  if (dice < 0.5)
    return {
      ...plain,
      strategy: "replace",
      members: ["blue", "green"],
      commands: [null],
      wanted,
      ...(turns ? turnedBack(random, "replace") : {}),
    };
  const members = dice < 0.7 || (dice >= 0.85 && random.chance(0.6)) ? ["blue", "green"] : ["blue", "green", "red"];
  if (dice >= 0.85)
    return {
      ...plain,
      strategy: "cycle",
      members,
      commands: plannedWork(random, members),
      ...(turns ? turnedBack(random, "cycle") : {}),
    };
  return {
    ...plain,
    strategy: "cycle",
    members,
    commands: [null],
    wanted,
    ...(turns ? turnedBack(random, "cycle") : {}),
  };
}

/** Half of the runs are in a peculiar world besides. */
export function scenarioOf(seed: number): Scenario {
  const plain = plainScenarioOf(seed);
  const peculiar = peculiarWorldOf(seed);
  return peculiar === "none" ? plain : inPeculiarWorld(plain, peculiar);
}

/** The same with weighted traffic, in which somebody may change weights by hand. */
export function weightedScenarioOf(seed: number): Scenario {
  const random = new Random(seed * 86_028_121 + 9);
  const shape = scenarioOf(seed);
  const byHand: Fault = {
    kind: "event",
    effect: random.whole(8, 40),
    afterSeconds: random.whole(0, 400),
    event: { what: "weights-by-hand" },
  };
  return { ...shape, traffic: "weighted", faults: [...shape.faults, ...(random.chance(0.3) ? [byHand] : [])] };
}

export function plainScenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  // Its own numbers: a run of one shape is not changed by what is added to another.
  const { own, ...shape } = shapeOf(new Random(seed * 104_729 + 11));
  const planned = shape.commands[0] !== null;
  const bad = random.chance(0.15) && !planned;
  return {
    seed,
    peculiar: "none",
    ...shape,
    bakeSeconds: random.pick([60, 120, 300]),
    holdSeconds: 300,
    sickFromTheStart: new Random(seed * 32_452_843 + 5).chance(0.08) && shape.dead === null,
    slowestAnswerMs: new Random(seed * 15_485_863 + 3).chance(0.03) ? 0 : 8000,
    green: {
      sickness: bad ? random.pick(["unhealthy", "errors"] as const) : "none",
      afterSeconds: bad ? random.pick([0, 10, 400, 900]) : 0,
    },
    faults: [
      ...own,
      ...Array.from({ length: random.whole(0, 5) }, () =>
        fault(random, shape.members, shape.strategy === "cycle" ? 60 : 30),
      ),
    ],
  };
}

export function describeFault(fault: Fault): string {
  return JSON.stringify(fault);
}

export const describeAsked = (asked: Asked): string =>
  asked === null
    ? "upgrade"
    : [asked.name, asked.member, ...(asked.percent === null ? [] : [`to ${asked.percent} %`])].join(" ");
