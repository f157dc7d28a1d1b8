import { rehearsesScenario } from "./scenario";

rehearsesScenario("node-refresh", {
  title: "other nodes for dev",
  claims: 6,
  steps: ["provision green", "admit green", "drain blue", "scale blue", "retire blue"],
});
