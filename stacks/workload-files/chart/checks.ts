/** What is said of a chart before anything is made of it. Pure. */
import type { Problem } from "../../../components/internal/problems";
import { type LocalChart, withBrought } from "./local-chart";
import type { Values } from "./values";

/** Helm fetches what a schema of values refers to elsewhere. Its own `$schema` it knows without asking anybody. */
const fetched = /"\$ref"\s*:\s*"(https?:[^"]*)"/;

/** `shown`: its path as the config has it. `key`: the config's, like `services[0].chart.path`. */
export function chartProblems(chart: LocalChart, shown: string, key: string): Problem[] {
  const refuse = (rule: string, remedy: string): Problem => ({ path: key, value: shown, rule, remedy });
  if (chart.type === "library")
    return [refuse("is a library chart, of which nothing can be made", "Name a chart that uses it")];
  const missing = chart.needs.filter((name) => !chart.brings.some((one) => one.name === name));
  const schemas = withBrought(chart).flatMap(({ name, schema }) => {
    const address = fetched.exec(schema ?? "")?.[1];
    return address === undefined
      ? []
      : [
          refuse(
            `has a values.schema.json (of chart ${name}) that refers to ${address}: an upgrade would stop where nobody ` +
              "can fetch that",
            "Write what it refers to into the schema, or remove values.schema.json",
          ),
        ];
  });
  const vendored =
    missing.length === 0
      ? []
      : [
          refuse(
            `depends on ${missing.join(", ")}, and its charts folder has no such chart: its objects would be missing ` +
              "without a word",
            shown.endsWith(".tgz")
              ? "helm dependency update in the chart's source, helm package, and name the new archive"
              : `helm dependency update ${shown}, and keep ${shown.replace(/\/$/, "")}/charts in the repository`,
          ),
        ];
  return [...vendored, ...schemas];
}

const clock = /\{\{[^}]*\b(now|ago)\b/;

/** Whether templates may ask what time it is: two renderings tell only when a second lies between them. */
export const readsClock = (chart: LocalChart, values: Values): boolean =>
  clock.test(JSON.stringify(values)) || withBrought(chart).some(({ texts }) => texts.some((text) => clock.test(text)));
