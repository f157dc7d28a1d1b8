import { rehearsesScenario } from "./scenario";

rehearsesScenario("subnets", {
  title: "other subnets for dev",
  claims: 6,
  steps: ["provision green", "admit green", "drain blue", "scale blue", "retire blue"],
});
