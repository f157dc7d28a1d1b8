import { rehearsesScenario } from "./scenario";

rehearsesScenario("new-workload", {
  title: "new workload, load balancer of a Service",
  claims: 12,
  steps: ["provision green", "admit green", "scale green", "drain blue", "admit blue"],
});
