import { rehearsesScenario } from "./scenario";

rehearsesScenario("gitops", {
  title: "workloads by GitOps",
  claims: 10,
  steps: [
    "admit blue",
    "provision green",
    "admit green",
    "drain blue",
    // rollback
    "admit blue",
    "drain green",
    // once more
    "admit green",
    "drain blue",
    "retire blue",
  ],
});
