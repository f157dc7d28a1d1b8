import { rehearsesScenario } from "./scenario";

/** Both get the load of two while the other is away. */
rehearsesScenario("rebuild", {
  title: "new clusters for dev",
  claims: 2,
  steps: [
    "scale green",
    "drain blue",
    "scale blue",
    "retire blue",
    "provision blue",
    "admit blue",
    "scale blue",
    "drain green",
    "scale green",
    "scale green",
    "retire green",
    "provision green",
    "admit green",
    "scale blue",
    "scale blue",
  ],
});
