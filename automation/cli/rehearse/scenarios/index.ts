/** The table of scenarios; the first is the default. */
import type { Scenario } from "../scenario";
import { upgrade } from "./upgrade";

export const scenarios: readonly Scenario[] = [upgrade];
