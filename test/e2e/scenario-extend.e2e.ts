import { rehearsesScenario } from "./scenario";

rehearsesScenario("extend", { title: "extend an existing load balancer", claims: 12, steps: ["provision green", "admit green"] });
