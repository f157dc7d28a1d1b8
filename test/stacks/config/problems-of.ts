/** What a config is refused for. */
import assert from "node:assert/strict";
import { ConfigError } from "../../../stacks/config";

/** Each problem as `path: rule`; none when it is taken. Every one must say what to do. */
export function problemsIn(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, "EBG-CONFIG");
    return error.problems.map(({ path, rule, remedy }) => {
      assert.ok(rule.length > 0 && remedy.length > 0, path);
      return `${path}: ${rule}`;
    });
  }
}
