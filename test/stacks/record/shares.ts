/** Members in traffic with a share of it, and moves that change shares. */
import type { MemberPlacement, Step } from "../../../stacks/record";

/** Without a share: traffic is shared by targets. */
export const servingWith = (share?: number): MemberPlacement => ({
  role: "active",
  version: "1.35",
  workload: "running",
  ...(share === undefined ? {} : { share }),
});

type FromTo = readonly [from: number, to: number];
export const shiftOf = (blue: FromTo, green: FromTo): Step => ({
  type: "move",
  kind: "shift",
  changes: {
    blue: { from: servingWith(blue[0]), to: servingWith(blue[1]) },
    green: { from: servingWith(green[0]), to: servingWith(green[1]) },
  },
});
