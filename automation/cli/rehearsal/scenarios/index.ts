/** The table of scenarios; the first is the default. */
import type { Scenario } from "../scenario";
import { adopt } from "./adopt";
import { albShared } from "./alb-shared";
import { extend } from "./extend";
import { gitops } from "./gitops";
import { nodeRefresh, rebuild, subnets } from "./made-anew";
import { newWorkload } from "./new-workload";
import { teardown } from "./teardown";
import { upgrade } from "./upgrade";
import { albWeighted, nlbWeighted } from "./weighted";

export const scenarios: readonly Scenario[] = [
  upgrade,
  newWorkload,
  extend,
  adopt,
  gitops,
  albShared,
  albWeighted,
  nlbWeighted,
  nodeRefresh,
  subnets,
  rebuild,
  teardown,
];
