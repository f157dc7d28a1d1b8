/** Values of a chart: out of files and the config, the later over the earlier, as `helm -f` and `--set` put them. */
import { readFileSync } from "node:fs";
import { isObject } from "../../../components/internal/plain-object";
import type { Problem } from "../../../components/internal/problems";
import { because } from "../files-read";
import { valueOf } from "../kubernetes-yaml";

export type Values = Readonly<Record<string, unknown>>;

/** Maps are merged, anything else is replaced. null stays: Helm takes a default of the chart away by it. */
export function mergeValues(under: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(value) && isObject(below) ? mergeValues(below, value) : value;
  }
  return merged;
}

/** `path`: as the config has it. `file`: absolute. */
export function readValues(
  files: readonly { readonly path: string; readonly file: string }[],
  over: Values,
  key: string,
): { readonly values: Values; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = files.map(({ path, file }, index): Values => {
    const refuse = (rule: string, remedy: string): Values => {
      problems.push({ path: `${key}[${index}]`, value: path, rule, remedy });
      return {};
    };
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      return refuse(
        `can't be read: ${because(error)}`,
        "Write a file that is there; a relative path begins at the folder of Pulumi.yaml",
      );
    }
    try {
      const value = valueOf(text) ?? {};
      return isObject(value)
        ? value
        : refuse("must be a file of `key: value` pairs", "Write values as Helm takes them");
    } catch (error) {
      return refuse(`is no YAML: ${because(error)}`, "Correct the file");
    }
  });
  return { values: [...read, over].reduce(mergeValues, {}), problems };
}
