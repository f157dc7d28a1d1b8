/** `services[].chart`: a workload that each member's stack makes from a chart of Helm. */
import { isObject } from "../../../components/internal/plain-object";
import { custom, list, oneOf, text } from "../declare/form";
import { group } from "../declare/group";
import { leftOut, required, type ValueOf, withDefault } from "../declare/key";
import { filePath, lookKeys } from "./external";

const values = custom<Readonly<Record<string, unknown>>>({
  read: (value, place) =>
    isObject(value) ? value : place.refuse(value, "must be an object", "Write values as in a chart's values.yaml"),
  empty: {},
  type: "object",
  range: "values of the chart",
  schema: { type: "object" },
});

const chartKeys = {
  path: required(
    filePath(
      "the path of a chart: a folder or a .tgz",
      "Write where the chart lies, from the project's folder on, like ./charts/web; a chart of a repository is fetched " +
        "first (helm pull)",
    ),
    {
      doc:
        "The chart: its folder (the one with `Chart.yaml`) or its `.tgz`. A relative path begins at the project's " +
        "folder. The charts that it depends on must be in its `charts` folder (`helm dependency update`): nothing is " +
        "fetched.",
      readBy: ["environment", "members"],
      change: { kind: "up" },
      example: "./charts/web",
    },
  ),
  values: leftOut(values, "those of `valuesFiles`", {
    doc:
      "Values of the chart, over those of `valuesFiles`; null takes one of the chart's defaults away. They are kept " +
      "with the config in the stack's outputs, so no secret belongs here.",
    readBy: ["members"],
    change: { kind: "up" },
    example: { replicaCount: 3 },
  }),
  valuesFiles: leftOut(
    list(filePath("the path of a file", "Write a file with values, from the project's folder on"), {
      fewest: 1,
      remedy: "Write the paths of files with values",
    }),
    "the chart's own `values.yaml`",
    {
      doc: "Files with values, a later one over an earlier one. A relative path begins at the project's folder.",
      readBy: ["environment", "members"],
      change: { kind: "up" },
      example: ["./charts/web-production.yaml"],
    },
  ),
  releaseName: leftOut(
    text({
      // As Helm has it (pkg/chartutil/validate_name.go).
      pattern: /^(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      rule: "must be a name of a Helm release, at most 53 characters",
      remedy: "Write lower-case letters, digits and dashes",
    }),
    "`name`",
    {
      doc: "The templates' `.Release.Name`, from which most charts make the names of their objects.",
      readBy: ["members"],
      change: { kind: "partly", note: "no" },
    },
  ),
  apiVersions: leftOut(
    list(
      text({
        pattern: /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?v\d+((alpha|beta)\d+)?(\/[A-Z][A-Za-z0-9]*)?$/,
        rule: "must be an API version, with or without a kind",
        remedy: "Write it like monitoring.coreos.com/v1 or monitoring.coreos.com/v1/ServiceMonitor",
      }),
      { fewest: 1, remedy: "Write what the templates ask for" },
    ),
    "those of Kubernetes itself",
    {
      doc:
        "What the templates find in `.Capabilities.APIVersions` besides Kubernetes' own: the kinds of definitions that " +
        "your members have. No cluster is asked.",
      readBy: ["members"],
      change: { kind: "up" },
      example: ["monitoring.coreos.com/v1"],
    },
  ),
  hooks: withDefault(oneOf("refuse", "skip"), "refuse", {
    doc:
      "What becomes of a chart's hooks, which nothing here runs. `refuse`: a chart that has one is refused. `skip`: they " +
      "are left out. Hooks of `helm test` are always left out.",
    readBy: ["members"],
    change: { kind: "up" },
  }),
  ...lookKeys("the Service's pods, and each Deployment, StatefulSet, DaemonSet and Rollout of the chart"),
};

/** A workload whose objects each member's stack makes from a chart of Helm. */
export interface ChartConfig extends ValueOf<typeof chartKeys> {}

export const chart = group(chartKeys);
