/** Worlds that are not as most are: half of the runs are in one of them, which adds to the faults that they have anyway. */
import { Random } from "./random";
import type { Asked, Fault, Scenario, WorldEvent } from "./scenario";

export const peculiarWorlds = [
  "clocks are set",
  "an old member gets bad",
  "everybody dies",
  "single looks are untold",
  "people act in between",
  "the config is set back",
  "a neighbour's stack",
] as const;
export type Peculiar = "none" | (typeof peculiarWorlds)[number];

/** Seeds that tests name for what they once found are in none of them by these numbers. */
export function peculiarWorldOf(seed: number): Peculiar {
  const random = new Random(seed * 7_374_685 + 29);
  return random.chance(0.5) ? "none" : random.pick(peculiarWorlds);
}

type Peculiarity = (random: Random, plain: Scenario) => Partial<Scenario> & { readonly own: readonly Fault[] };
const longest = ({ strategy }: Scenario): number => (strategy === "cycle" ? 60 : 30);

/** At any point of the run. */
const sometime = (random: Random, plain: Scenario, event: WorldEvent): Fault => ({
  kind: "event",
  effect: random.whole(1, longest(plain)),
  afterSeconds: random.whole(0, 400),
  event,
});

const peculiarities: Readonly<Record<Exclude<Peculiar, "none">, Peculiarity>> = {
  // By so little that it can't be told from a slow look, or by an hour.
  "clocks are set": (random, plain) => ({
    own: Array.from({ length: 6 }, () =>
      sometime(random, plain, { what: "clock-set", seconds: random.pick([-3600, -90, 60, 110, 110, 3600]) }),
    ),
  }),
  "an old member gets bad": (random, plain) => ({
    green: { sickness: "none", afterSeconds: 0 },
    own: [
      sometime(random, plain, {
        what: "gets-bad",
        member: plain.strategy === "cycle" ? random.pick(plain.members) : "blue",
        how: random.pick(["unhealthy", "errors", "errors", "dead"] as const),
      }),
      ...(random.chance(0.4) && plain.commands[0] === null
        ? [sometime(random, plain, { what: "turn-back", stops: random.chance(0.6) })]
        : []),
    ],
  }),
  "everybody dies": (random, plain) => {
    const at = { effect: random.whole(1, longest(plain)), afterSeconds: random.whole(0, 400) };
    return {
      green: { sickness: "none", afterSeconds: 0 },
      own: plain.members.map((member) => ({
        kind: "event" as const,
        ...at,
        event: { what: "gets-bad" as const, member, how: "dead" as const },
      })),
    };
  },
  // Around a failure, when single looks matter most.
  "single looks are untold": (random, plain) => {
    const effect = random.whole(1, longest(plain));
    const afterSeconds = random.whole(0, 400);
    const member = random.pick(plain.members);
    const untold = (of: string): Fault => ({
      kind: "event",
      effect,
      afterSeconds: afterSeconds + random.whole(0, 90),
      event: { what: "untold", of, looks: random.whole(1, 3), every: random.chance(0.3) ? random.whole(2, 6) : null },
    });
    const failure: WorldEvent = random.pick([
      { what: "pod-crash", member, seconds: random.whole(20, 240) },
      { what: "gets-bad", member, how: random.pick(["unhealthy", "errors"] as const) },
      { what: "flag-dropped", member },
    ]);
    return {
      own: [
        { kind: "event", effect, afterSeconds, event: failure },
        untold("targets"),
        untold("targets"),
        untold(member),
      ],
      ...(plain.commands[0] === null && random.chance(0.4)
        ? { green: { sickness: "errors" as const, afterSeconds: random.pick([0, 10]) } }
        : {}),
    };
  },
  "people act in between": (random, plain) => {
    const someone = (): string => random.pick(plain.members);
    const work = (name: "admit" | "drain" | "scale", percent: number | null = null): Asked => ({
      name,
      member: someone(),
      percent,
    });
    return {
      own: Array.from({ length: 3 }, () =>
        sometime(
          random,
          plain,
          random.pick<WorldEvent>([
            { what: "plain-up", member: someone() },
            { what: "scaled-by-hand", member: someone(), replicas: random.pick([2, 5]) },
            { what: "scaled-by-hand", member: someone(), replicas: random.pick([2, 5]) },
            {
              what: "other-command",
              asked: random.pick([
                work("admit"),
                work("drain"),
                work("scale", random.pick([100, 150, 200])),
                { name: "evacuate", member: someone(), percent: null },
                { name: "rollback", member: null, percent: null },
                null,
              ]),
            },
          ]),
        ),
      ),
    };
  },
  "the config is set back": (random, plain) => ({ own: [sometime(random, plain, { what: "config-set-back" })] }),
  // Half of its members' names are somebody else's; a person gives them other names in the end.
  "a neighbour's stack": () => ({ own: [] }),
};

export function inPeculiarWorld(plain: Scenario, peculiar: Exclude<Peculiar, "none">): Scenario {
  const { own, ...different } = peculiarities[peculiar](new Random(plain.seed * 86_028_121 + 17), plain);
  return { ...plain, peculiar, ...different, faults: [...own, ...plain.faults] };
}
