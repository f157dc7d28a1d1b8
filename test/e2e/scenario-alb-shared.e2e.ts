import { rehearsesScenario } from "./scenario";

rehearsesScenario("alb-shared", {
  title: "shared target groups, Application Load Balancer",
  claims: 5,
  steps: [
    "provision green",
    "admit green",
    "drain blue",
    "scale blue",
    // back, with as many pods as before
    "scale blue",
    "admit blue",
    "drain green",
    // there again
    "admit green",
    "drain blue",
    "scale blue",
    "retire blue",
  ],
});
