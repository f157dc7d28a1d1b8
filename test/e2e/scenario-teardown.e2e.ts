import { rehearsesScenario } from "./scenario";

rehearsesScenario("teardown", {
  title: "teardown of dev",
  claims: 3,
  steps: [
    "provision green",
    "admit green",
    "drain blue",
    "drain green",
    "scale blue",
    "scale green",
    "retire blue",
    "retire green",
  ],
});
