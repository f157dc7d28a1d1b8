import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { loadProgram } from "../../../automation/adapters/pulumi/project/program";
import { readProject } from "../../../automation/adapters/pulumi/project/project";
import { copyProject, inspectProject } from "../../../automation/cli/rehearsal/project-copy";
import { fromProgram, projectFolder } from "../../../stacks/shared/project-paths";
import { projectFolderVariable, projectPathVariable, wayFrom } from "../../../stacks/shared/project-way";

describe("a relative path of the config", () => {
  let folder: string;
  const told = process.env[projectPathVariable];
  const toldFolder = process.env[projectFolderVariable];
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "paths-")));
    mkdirSync(join(folder, "project", "program"), { recursive: true });
    writeFileSync(join(folder, "project", "Pulumi.yaml"), "name: p\nruntime: nodejs\nmain: program/main.js\n");
    writeFileSync(join(folder, "project", "program", "main.js"), "module.exports = async () => ({});\n");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (told === undefined) delete process.env[projectPathVariable];
    else process.env[projectPathVariable] = told;
    if (toldFolder === undefined) delete process.env[projectFolderVariable];
    else process.env[projectFolderVariable] = toldFolder;
  });

  it("begins at the project's folder, and is the same text on every machine", () => {
    const way = wayFrom(join(folder, "project", "program"), join(folder, "project"));
    assert.equal(way, "..");
    assert.equal(fromProgram("./charts/lbc", way), "../charts/lbc");
    assert.equal(fromProgram("../charts", "../../.."), "../../../../charts");
    // The program lies above: still a folder, and no chart's name.
    assert.equal(fromProgram("./charts", "infra"), "./infra/charts");
  });

  it("stays as it was where the program lies in the project's folder", () =>
    assert.equal(fromProgram("./charts/lbc", wayFrom(folder, folder)), "./charts/lbc"));

  it("is none when it is a name, an absolute path or an address", () => {
    for (const chart of ["aws-load-balancer-controller", "/srv/charts/lbc", "oci://registry.example/lbc", ".hidden"])
      assert.equal(fromProgram(chart, "../.."), chart);
  });

  it("leads through links to where the engine really is", () => {
    symlinkSync(join(folder, "project"), join(folder, "link"));
    assert.equal(wayFrom(join(folder, "link", "program"), join(folder, "project")), "..");
  });

  it("is resolved in the driver's inline programs as in a plain update", async () => {
    await loadProgram(readProject(join(folder, "project")));
    assert.equal(fromProgram("./charts/lbc"), "../charts/lbc");
  });

  it("is of the project's folder for files that the program reads itself, also in the driver", async () => {
    await loadProgram(readProject(join(folder, "project")));
    assert.equal(projectFolder(), join(folder, "project"));
  });

  it("means the same files in a rehearsal's copy of the project", () => {
    const project = join(folder, "project");
    const copied = (path: string): unknown => {
      writeFileSync(
        join(project, "Pulumi.dev.yaml"),
        'config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:services:\n' +
          `    - { name: api, image: a }\n    - { name: web, workload: manifests, manifests: { path: ${path} } }\n`,
      );
      const copy = copyProject(inspectProject(project, "dev"), join(folder, "copy"));
      const text = readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8");
      return (parse(text) as { config: Record<string, { manifests?: { path: string } }[]> }).config[
        "eks-blue-green:services"
      ]?.[1]?.manifests?.path;
    };
    assert.equal(copied("./k8s/web"), resolve(project, "k8s/web"));
    assert.equal(copied("k8s"), resolve(project, "k8s"));
    assert.equal(copied("/srv/k8s"), "/srv/k8s");
  });

  it("means the same chart of a workload, and the same values, in a rehearsal's copy of the project", () => {
    const project = join(folder, "project");
    const chart = "{ path: ./charts/web, valuesFiles: [a.yaml, /srv/b.yaml], values: { path: ./kept } }";
    writeFileSync(
      join(project, "Pulumi.dev.yaml"),
      'config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:services:\n' +
        `    - { name: web, workload: chart, chart: ${chart} }\n`,
    );
    const copy = copyProject(inspectProject(project, "dev"), join(folder, "copy"));
    const { config } = parse(readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8")) as {
      config: Record<string, { chart: object }[]>;
    };
    assert.deepEqual(config["eks-blue-green:services"]?.[0]?.chart, {
      path: resolve(project, "charts/web"),
      valuesFiles: [resolve(project, "a.yaml"), "/srv/b.yaml"],
      values: { path: "./kept" },
    });
  });

  it("means the same chart in a rehearsal's copy of the project", () => {
    const project = join(folder, "project");
    const config = (chart: string) =>
      `config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:controller: { chart: ${chart} }\n`;
    const copied = (chart: string): string => {
      writeFileSync(join(project, "Pulumi.dev.yaml"), config(chart));
      const copy = copyProject(inspectProject(project, "dev"), join(folder, "copy"));
      return /chart: ([^ }]+)/.exec(readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8"))?.[1] ?? "";
    };
    assert.equal(copied("./charts/lbc"), resolve(project, "charts/lbc"));
    assert.equal(copied("aws-load-balancer-controller"), "aws-load-balancer-controller");
  });
});
