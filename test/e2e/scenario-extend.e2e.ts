import { rehearsesScenario } from "./scenario";

rehearsesScenario("extend", {
  title: "extend an existing load balancer",
  claims: 18,
  steps: ["provision green", "admit green", "scale green", "drain blue", "admit blue"],
});
