/** What documents say and code can contradict. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { buildProgram } from "../../automation/cli/main";
import { parseEnvironmentConfig } from "../../stacks/config";

const root = resolve(__dirname, "../..");
const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The anchor that a Markdown renderer makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[`*_]/g, "")
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .trim()
    .replace(/ /g, "-");
const anchorsOf = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => anchorOf(heading ?? ""));

/** As Pulumi passes the config of a stack's file: structured values as JSON. */
const asPulumiPasses = (config: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );

describe("the documents", () => {
  for (const page of ["README.md", "docs/tutorials/on-aws.md"]) {
    it(`${page} shows a config that the stacks take`, () => {
      const [, block] = /```yaml\n(config:[\s\S]*?)```/.exec(read(page)) ?? [];
      assert.ok(block !== undefined, `${page} has no config`);
      const config = parseEnvironmentConfig(
        asPulumiPasses((parse(block) as { config: Record<string, unknown> }).config),
        { environment: "dev" },
      );
      assert.deepEqual(config.members, ["blue", "green"]);
    });
  }

  it("every file of .changes is one that the changelog can be made of", () => {
    const run = spawnSync(process.execPath, ["scripts/changelog.mjs"], { cwd: root, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /^## Unreleased/);
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
    const page = read("docs/reference/permissions.md").replace(/ec2:Describe\{([^}]*)\}/g, (_, names: string) =>
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

  it("are where messages and comments say that they are", () => {
    const sources = ["automation", "components", "sandbox", "stacks", "policies"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => /\.(ts|json|yaml)$/.test(name))
        .map((name) => join(folder, name)),
    );
    const named = sources.flatMap((source) =>
      [...read(source).matchAll(/(?<![\w./-])docs\/[\w/-]+\.md/g)].map(([page]) => `${source}: ${page}`),
    );
    assert.ok(named.length > 20, `only ${named.length} were found`);
    assert.deepEqual(
      named.filter((one) => !existsSync(join(root, one.slice(one.lastIndexOf(": ") + 2)))),
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

  it("link to files and headings that exist", () => {
    const broken: string[] = [];
    let seen = 0;
    for (const page of pages) {
      for (const [, link] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (link === undefined || /^[a-z]+:/.test(link)) continue;
        seen += 1;
        const [path, anchor] = link.split("#");
        const target = path === "" ? page : join(dirname(page), path ?? "");
        if (!existsSync(join(root, target))) broken.push(`${page}: ${link}`);
        else if (anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor)) {
          broken.push(`${page}: ${link} (no such heading)`);
        }
      }
    }
    assert.ok(seen > 30, `only ${seen} links were found`);
    assert.deepEqual(broken, []);
  });

  it("are reachable from README or docs/README.md by links", () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page) || !pages.includes(page)) return;
      reached.add(page);
      for (const [, link] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) follow(join(dirname(page), link ?? ""));
    };
    for (const start of ["README.md", "docs/README.md"]) follow(start);
    assert.deepEqual(
      pages.filter((page) => !reached.has(page)),
      [],
    );
  });

  it("have no line of prose over 140 columns", () => {
    // TypeDoc writes a type in one line.
    const written = pages.filter((page) => !page.startsWith("docs/reference/api/"));
    const long = written.flatMap((page) =>
      read(page)
        .split("\n")
        .map((line, index) => ({ line, at: `${page}:${index + 1}` }))
        .filter(({ line }) => line.length > 140 && !line.startsWith("|") && !/https?:\/\/|^!\[|^ *- \{ name/.test(line))
        .map(({ at }) => at),
    );
    assert.deepEqual(long, []);
  });
});
