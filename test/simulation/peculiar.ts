/** Worlds that are not as most are: half of the runs are in one of them, which adds to the faults that they have anyway. */
import { Random } from "./random";
import type { Fault, Scenario, WorldEvent } from "./scenario";

export const peculiarWorlds = ["clocks are set"] as const;
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
};

export function inPeculiarWorld(plain: Scenario, peculiar: Exclude<Peculiar, "none">): Scenario {
  const { own, ...different } = peculiarities[peculiar](new Random(plain.seed * 86_028_121 + 17), plain);
  return { ...plain, peculiar, ...different, faults: [...own, ...plain.faults] };
}
