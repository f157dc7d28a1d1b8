/** Config that is understood and can't be deployed yet. Goes as soon as the program declares what it says. */
import type { Problem } from "../../components/internal/problems";
import type { EnvironmentConfig } from "../config";
import { trafficOf, typeOf } from "../config/listeners";

const rule = "can't be deployed by this version of eks-blue-green yet";

export function notBuiltProblems(config: EnvironmentConfig): Problem[] {
  const problems: Problem[] = [];
  if (trafficOf(config) !== "shared")
    problems.push({ path: "traffic", value: config.traffic, rule, remedy: "Set it to shared, or remove it" });
  if (typeOf(config) !== "network")
    problems.push({
      path: "loadBalancer.type",
      value: typeOf(config),
      rule,
      remedy: "Set it to network, or remove it",
    });
  return problems;
}
