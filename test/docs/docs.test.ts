/** What documents say and code can contradict. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { buildProgram } from "../../automation/cli/main";
import { parseEnvironmentConfig } from "../../stacks/config";

const root = resolve(__dirname, "../..");
const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** As Pulumi passes the config of a stack's file: structured values as JSON. */
const asPulumiPasses = (config: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );

describe("the documents", () => {
  it("README's config is one that the stacks take", () => {
    const [, block] = /```yaml\n(config:[\s\S]*?)```/.exec(read("README.md")) ?? [];
    assert.ok(block !== undefined, "README has no config");
    const config = parseEnvironmentConfig(
      asPulumiPasses((parse(block) as { config: Record<string, unknown> }).config),
      { environment: "dev" },
    );
    assert.deepEqual(config.members, ["blue", "green"]);
  });

  it("name every call to AWS that the driver makes", () => {
    const folder = join(root, "automation/adapters/aws");
    const calls = readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) =>
        [...readFileSync(join(folder, name), "utf8").matchAll(/new ([A-Z]\w+)Command\(/g)].map(([, call]) =>
          (call ?? "").replace("ElbTags", "Tags"),
        ),
      );
    assert.ok(new Set(calls).size > 30, `only ${calls.length} calls were found`);
    const page = read("docs/permissions.md").replace(/ec2:Describe\{([^}]*)\}/g, (_, names: string) =>
      names
        .split(",")
        .map((name) => `Describe${name}`)
        .join(", "),
    );
    assert.deepEqual(
      [...new Set(calls)].filter((call) => !new RegExp(`\\b${call}\\b`).test(page)),
      [],
    );
  });

  it("give commands and options that there are", () => {
    const program = buildProgram();
    const unknown: string[] = [];
    let seen = 0;
    for (const page of pages) {
      for (const [, code] of read(page).matchAll(/`([^`\n]*)`|(?<=\n)(?:\$ )?(eks-blue-green [^\n]*)/g)) {
        const words = /(?:^|[\s/])eks-blue-green ((?:[a-z]|--)[^#|;]*)/.exec(code ?? "")?.[1]?.split(/\s+/) ?? [];
        const command = program.commands.find((one) => one.name() === words[0]);
        if (words[0] === undefined || words[0].startsWith("--")) continue;
        seen += 1;
        const inner = command?.commands.find((one) => one.name() === words[1]);
        const known = new Set(
          [command, inner, inner?.commands.find((one) => one.name() === words[2])].flatMap(
            (one) => one?.options.map((option) => option.long) ?? [],
          ),
        );
        if (command === undefined) unknown.push(`${page}: ${words[0]}`);
        else
          unknown.push(
            ...words
              .filter((word) => /^--[a-z]/.test(word))
              .map((word) => word.replace(/[^a-z-].*$/, ""))
              .filter((option) => !known.has(option))
              .map((option) => `${page}: ${words[0]} ${option}`),
          );
      }
    }
    assert.ok(seen > 30, `only ${seen} commands were found`);
    assert.deepEqual(unknown, []);
  });
});
