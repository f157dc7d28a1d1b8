/** Where a driver is killed: in which upgrades, in which moves, at which moments of them. Pure. */
import type { MoveKind } from "../../stacks/record";

export type Moment = "begin" | "act" | "act, engine too" | "gate";
export interface KillPoint {
  readonly move: MoveKind;
  readonly moment: Moment;
}
export interface KilledUpgrade {
  readonly title: string;
  readonly points: readonly KillPoint[];
}

/** In the order in which they come, as the moments of a move do. */
const moves: readonly MoveKind[] = ["provision", "admit", "drain", "scale", "retire"];

const everyMove = (...moments: readonly Moment[]): KillPoint[] =>
  moves.flatMap((move) => moments.map((moment) => ({ move, moment })));

/** Every moment of every move. */
export const allUpgrades: readonly KilledUpgrade[] = [
  { title: "in each move's act, engine left alone; and in each gate", points: everyMove("act", "gate") },
  { title: "in each move's act, together with the engine", points: everyMove("act, engine too") },
  { title: "in each move's begin", points: everyMove("begin") },
];

/** Which moves a moment is tried in; further on by one with each seed. */
const turns: Readonly<Record<Moment, readonly number[]>> = {
  act: [0, 2, 4],
  "act, engine too": [1, 3],
  gate: [2],
  begin: [1, 4],
};
function inTurn(seed: number, ...moments: readonly Moment[]): KillPoint[] {
  return moves.flatMap((move, at) =>
    moments
      .filter((moment) => turns[moment].some((turn) => (turn + seed) % moves.length === at))
      .map((moment) => ({ move, moment })),
  );
}

/** Each moment and each move's act; five seeds in a row have every point. */
export const upgradesInTurn = (seed: number): readonly KilledUpgrade[] => [
  { title: "in some moves' act, engine left alone; and in a gate", points: inTurn(seed, "act", "gate") },
  {
    title: "in the other moves' act, together with the engine; and in some begins",
    points: inTurn(seed, "begin", "act, engine too"),
  },
];
