import { rehearsesScenario } from "./scenario";

rehearsesScenario("adopt", {
  title: "adopt the load balancer of dev",
  claims: 6,
  steps: ["provision green", "admit green", "drain blue", "scale blue", "retire blue"],
});
