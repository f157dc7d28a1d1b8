import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { settingsForSandbox, workDirectoryIn } from "../../../../../automation/adapters/pulumi/project/sandbox-copy";

let folder = "";
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), "ebg-copy-")))));
afterEach(() => rmSync(folder, { recursive: true }));

const settings = `# ours
secretsprovider: awskms://alias/x
encryptionsalt: v1:real
config:
  eks-blue-green:members: [blue, green]
  app:token:
    secure: v1:abc
  app:nested:
    inner: { secure: v1:def }
  aws:secretKey:
    secure: v1:ghi
`;

describe("the copy of a project's settings in a sandbox", () => {
  it("has neither the real backend's secrets provider nor its secrets", () => {
    assert.deepEqual(parse(settingsForSandbox(settings, null, "/p")), {
      config: {
        "eks-blue-green:members": ["blue", "green"],
        "app:token": "not-known-in-a-sandbox",
        "app:nested": { inner: "not-known-in-a-sandbox" },
      },
    });
  });
  it("keeps the sandbox's own provider", () => {
    const copy = parse(settingsForSandbox(settings, "encryptionsalt: v1:sandbox\nconfig:\n  a:b: c\n", "/p")) as object;
    assert.equal((copy as { encryptionsalt: string }).encryptionsalt, "v1:sandbox");
  });

  it("names a chart of the project's folder by its whole path", () => {
    const copy = settingsForSandbox("config:\n  eks-blue-green:controller: { chart: ./charts/lbc }\n", null, "/p");
    assert.deepEqual(parse(copy), { config: { "eks-blue-green:controller": { chart: "/p/charts/lbc" } } });
  });

  it("is made beside the program, follows it, and the project's own files are not touched", () => {
    const project = join(folder, "shop");
    const sandbox = join(project, ".sandbox");
    mkdirSync(sandbox, { recursive: true });
    writeFileSync(join(project, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
    writeFileSync(join(project, "index.js"), "");
    writeFileSync(join(project, "Pulumi.dev.yaml"), settings);
    const before = readdirSync(project).map((name) => [
      name,
      name === ".sandbox" || readFileSync(join(project, name), "utf8"),
    ]);

    const copy = workDirectoryIn(sandbox, project);
    assert.equal(copy, join(sandbox, "projects", "shop"));
    assert.equal(
      (parse(readFileSync(join(copy, "Pulumi.yaml"), "utf8")) as { main: string }).main,
      join(project, "index.js"),
    );
    // What the engine writes stays, what the person changes follows.
    writeFileSync(
      join(copy, "Pulumi.dev.yaml"),
      `encryptionsalt: v1:sandbox\n${readFileSync(join(copy, "Pulumi.dev.yaml"), "utf8")}`,
    );
    writeFileSync(join(copy, "Pulumi.dev-blue.yaml"), "config: {}\n");
    writeFileSync(join(project, "Pulumi.dev.yaml"), settings.replace("[blue, green]", "[blue, red]"));
    workDirectoryIn(sandbox, project);
    const now = parse(readFileSync(join(copy, "Pulumi.dev.yaml"), "utf8")) as Record<string, Record<string, unknown>>;
    assert.equal(now["encryptionsalt"], "v1:sandbox");
    assert.deepEqual(now["config"]?.["eks-blue-green:members"], ["blue", "red"]);
    assert.equal(readFileSync(join(copy, "Pulumi.dev-blue.yaml"), "utf8"), "config: {}\n");
    writeFileSync(join(project, "Pulumi.dev.yaml"), settings);
    const after = readdirSync(project).map((name) => [
      name,
      name === ".sandbox" || readFileSync(join(project, name), "utf8"),
    ]);
    assert.deepEqual(after, before);

    // A folder of the sandbox's (a rehearsal's project) is its own copy; another project of the same name gets another.
    assert.equal(workDirectoryIn(sandbox, copy), copy);
    const other = join(folder, "other");
    mkdirSync(other);
    writeFileSync(join(other, "Pulumi.yaml"), "name: shop\n");
    writeFileSync(join(other, "index.js"), "");
    assert.match(workDirectoryIn(sandbox, other), /projects\/shop-[0-9a-f]{8}$/);
  });
  it("says which settings can't be read", () => {
    const [project, sandbox] = [join(folder, "project"), join(folder, "sandbox")];
    for (const one of [sandbox, join(project, "Pulumi.dev.yaml")]) mkdirSync(one, { recursive: true });
    writeFileSync(join(project, "Pulumi.yaml"), "name: shop\n");
    writeFileSync(join(project, "index.js"), "");
    assert.throws(() => workDirectoryIn(sandbox, project), { code: "EBG-NO-PROJECT", message: /can't be copied to/ });
  });
});
