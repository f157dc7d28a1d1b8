import assert from "node:assert/strict";
import { chartSource } from "../../../components/internal/controller-chart";

describe("the controller's chart", () => {
  const repo = "https://aws.github.io/eks-charts";
  const chart = "aws-load-balancer-controller";
  const table: [string, Parameters<typeof chartSource>, ReturnType<typeof chartSource>][] = [
    [
      "has the controller's version since 3.0.0",
      [chart, repo, "3.5.0"],
      { chart, version: "3.5.0", repositoryOpts: { repo } },
    ],
    [
      "was numbered 1.x while the controller was 2.x",
      [chart, repo, "2.13.4"],
      { chart, version: "1.13.4", repositoryOpts: { repo } },
    ],
    [
      "comes from an OCI registry under one address",
      [chart, "oci://registry.example/charts/", "3.5.0"],
      { chart: `oci://registry.example/charts/${chart}`, version: "3.5.0" },
    ],
    [
      "may be a whole address",
      [`oci://registry.example/${chart}`, repo, "2.10.1"],
      { chart: `oci://registry.example/${chart}`, version: "1.10.1" },
    ],
    [
      "may be a folder, which has its own version",
      [`./charts/${chart}`, repo, "3.5.0"],
      { chart: `./charts/${chart}` },
    ],
  ];
  for (const [name, [from, repository, version], expected] of table)
    it(name, () => assert.deepEqual(chartSource(from, repository, version), expected));
});
