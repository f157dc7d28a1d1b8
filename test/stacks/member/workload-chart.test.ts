import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverContext, MemberOutputs } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord } from "../../../stacks/record";
import { projectFolderVariable } from "../../../stacks/shared/project-way";
import { devWith, find, listing, runUnderMocks } from "../mock-engine";
import { writeChart } from "../workload-files/chart/chart-folder";

const chart = { path: "./charts/web", values: { replicaCount: 3 }, valuesFiles: ["values.yaml"] };
const web = { name: "web", namespace: "shop", workload: "chart", chart, port: 80, targetPort: 8080 };
const files = { "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "templates/web.yaml": "{{ .Values.a }}" };

const made = (kind: string, more: object = {}, name = "web", metadata: object = {}) => ({
  apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
  kind,
  metadata: { name, namespace: "shop", ...metadata },
  ...more,
});
const service = made("Service", { spec: { selector: { a: "b" }, ports: [{ port: 8080 }] } });
const deployment = made("Deployment", { spec: { replicas: 3, template: { metadata: { labels: { a: "b" } } } } });
const hook = (of: string) => made("Job", {}, `on-${of}`, { annotations: { "helm.sh/hook": of } });

describe("a member with a workload from a chart", () => {
  let folder: string;
  const told = process.env[projectFolderVariable];
  /** What Helm renders, one answer after the other; the last stays. */
  let rendered: (readonly object[] | Error)[];
  let asked: Record<string, unknown>[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "chart-"));
    process.env[projectFolderVariable] = folder;
    writeChart(join(folder, "charts/web"), files);
    writeFileSync(join(folder, "values.yaml"), "replicaCount: 1\nimage: { tag: v1 }\n");
    rendered = [[service, deployment]];
    asked = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (told === undefined) delete process.env[projectFolderVariable];
    else process.env[projectFolderVariable] = told;
  });

  const answer = (token: string, args: Readonly<Record<string, unknown>>): Promise<object> | null => {
    if (token !== "kubernetes:helm:template") return null;
    asked.push(JSON.parse(String(args["jsonOpts"])) as Record<string, unknown>);
    const result = rendered.length > 1 ? rendered.shift() : rendered[0];
    return result instanceof Error ? Promise.reject(result) : Promise.resolve({ result });
  };
  async function deploy(
    of: object = {},
    { context, last, between = () => undefined }: { context?: DriverContext; last?: object; between?: () => void } = {},
  ) {
    const services = [{ ...web, chart: { ...chart, ...of } }];
    const environment = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
      environmentProgram(devWith({ services })),
    );
    between();
    const record = {
      ...(environment.outputs["record"] as EnvironmentRecord),
      placement: {
        blue: { role: "active", version: "1.34", workload: "running" },
        green: { role: "absent", version: null, workload: "running" },
      },
    };
    const stacks = {
      dev: { ...environment.outputs, record },
      ...(last === undefined ? {} : { "dev-blue": last as Record<string, unknown> }),
    };
    const run = await runUnderMocks({ stack: "dev-blue", stacks, answer }, () =>
      memberProgram(
        { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" },
        context?.kind === "act" ? { ...context, expectedRevision: record.revision } : context,
      ),
    );
    return { ...run, outputs: run.outputs as unknown as MemberOutputs };
  }
  const inCluster = ({ resources }: Awaited<ReturnType<typeof deploy>>): string[] =>
    listing(resources).filter((one) => /^kubernetes:(?!helm|elbv2)|index:Workload/.test(one));
  const problemsOf = async (of: object = {}): Promise<string> =>
    await deploy(of).then(
      () => "none",
      (error: Error) => error.message,
    );

  it("declares what Helm renders, like files, with a provider that needs no cluster", async () => {
    const run = await deploy();
    assert.deepEqual(inCluster(run), [
      "eks-blue-green:index:WorkloadFiles blue-files",
      "eks-blue-green:index:WorkloadFiles blue-objects",
      "eks-blue-green:index:WorkloadObjects blue-web",
      "kubernetes:apps/v1:Deployment blue-web-shop/web",
      "kubernetes:core/v1:Namespace blue-shop",
      "kubernetes:core/v1:Service blue-web-shop/web",
    ]);
    assert.equal(run.outputs.workloadFiles?.resources.length, 3);
    assert.deepEqual(run.outputs.workloadFiles.ready, {
      web: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "shop" }],
    });
    const told = run.outputs.services["web"];
    assert.deepEqual([told?.workload, told?.service, told?.deployment, told?.binding], ["chart", "web", null, "web"]);
    const { provider } = find(run.resources, "kubernetes:apps/v1:Deployment", "blue-web-shop/web");
    assert.match(provider, /::blue-objects::/);
  });

  it("gives Helm the release's name, the namespace, the member's version, and values as helm -f merges them", async () => {
    await deploy({ apiVersions: ["monitoring.coreos.com/v1"], values: { replicaCount: 3, image: { pull: null } } });
    const { api_versions: versions, ...rest } = asked[0] ?? {};
    assert.deepEqual(rest, {
      path: join(folder, "charts/web"),
      release_name: "web",
      namespace: "shop",
      kube_version: "1.34",
      include_test_hook_resources: true,
      values: { replicaCount: 3, image: { tag: "v1", pull: null } },
    });
    for (const one of ["policy/v1/PodDisruptionBudget", "monitoring.coreos.com/v1"])
      assert.ok((versions as string[]).includes(one), one);
    await deploy({ releaseName: "shop-web" });
    assert.equal(asked.at(-1)?.["release_name"], "shop-web");
  });

  const acting: DriverContext = { kind: "act", expectedRevision: 0 };
  for (const [title, context] of [
    ["while a member is moved", acting],
    ["in a look that leaves it out", { kind: "plain" }],
  ] as const)
    it(`is left as it is ${title}: a chart that changed, or that is wrong, can't stop it`, async () => {
      const { outputs: last } = await deploy();
      asked = [];
      const between = () => writeChart(join(folder, "charts/web"), { "Chart.yaml": "{" });
      const run = await deploy({}, { context, last, between });
      assert.deepEqual([inCluster(run), asked], [["kubernetes:core/v1:Namespace blue-shop"], []]);
      assert.deepEqual(run.outputs.workloadFiles, last.workloadFiles);
    });

  it("is rendered when the driver makes the member", async () => {
    const run = await deploy({}, { context: { ...acting, extension: "declared" } });
    assert.ok(inCluster(run).includes("eks-blue-green:index:WorkloadObjects blue-web"));
  });

  it("is refused in the environment's update already where the chart or its values can't be read", async () => {
    rmSync(join(folder, "charts/web/Chart.yaml"));
    assert.match(
      await problemsOf(),
      /services\[0\]\.chart\.path: "\.\/charts\/web": is no chart that can be read: there is no Chart\.yaml in it\. .*workload manifests/,
    );
    writeChart(join(folder, "charts/web"), { "Chart.yaml": `${files["Chart.yaml"]}dependencies: [{ name: redis }]` });
    assert.match(
      await problemsOf({ valuesFiles: ["gone.yaml"] }),
      /depends on redis, .*helm dependency update \.\/charts\/web.*chart\.valuesFiles\[0\]: "gone\.yaml": can't be read/s,
    );
    assert.deepEqual(asked, []);
  });

  it("is looked at as a member of another version would have it, and declared as this one has it", async () => {
    const look = { kind: "look", kubernetesVersion: "1.35" } as const;
    const run = await deploy({}, { context: look });
    assert.deepEqual(
      asked.map(({ kube_version: version }) => version),
      ["1.34", "1.34", "1.35", "1.35"],
    );
    assert.equal(inCluster(run).filter((one) => one.includes("blue-web-shop/")).length, 2);
    rendered = [[service, deployment], [service, deployment], [made("Service", {}, "other")]];
    await assert.rejects(
      deploy({}, { context: look }),
      /files say for Kubernetes 1\.35 .*"web": is no Service of the chart/s,
    );
  });

  it("is refused with Helm's own words, and the command that shows the same", async () => {
    const said = "failed to generate YAML for specified Helm chart: failed to create chart from template: nil pointer";
    rendered = [Object.assign(new Error("x"), { details: said })];
    assert.match(
      await problemsOf(),
      /chart\.path: "\.\/charts\/web": can't be rendered: failed to create chart from template: nil pointer\. .*; helm template web \.\/charts\/web -f values\.yaml --kube-version 1\.34 shows it/,
    );
  });

  it("is refused like files for what takes traffic past the driver, and without the Service that is bound", async () => {
    rendered = [[service, made("Service", { spec: { type: "LoadBalancer" } }, "lb")]];
    assert.match(await problemsOf(), /\.\/charts\/web, Service shop\/lb: "type: LoadBalancer"/);
    rendered = [[deployment]];
    assert.match(
      await problemsOf(),
      /services\[0\]\.chart\.service: "web": is no Service of the chart in namespace shop, which has none there/,
    );
    rendered = [[]];
    assert.match(await problemsOf(), /chart\.path: "\.\/charts\/web": makes no Kubernetes object/);
    rendered = [[service, { apiVersion: "batch/v1", kind: "Job", metadata: { generateName: "a-" } }]];
    assert.match(await problemsOf(), /\.\/charts\/web, Job: .*has no metadata\.name/);
  });

  it("is refused with hooks, unless they are to be left out; those of tests always are", async () => {
    rendered = [[service, deployment, hook("test"), hook("pre-install")]];
    assert.match(
      await problemsOf(),
      /\.\/charts\/web, Job shop\/on-pre-install: "helm\.sh\/hook: pre-install": is a hook, .*services\[0\]\.chart\.hooks: skip/,
    );
    const objects = inCluster(await deploy({ hooks: "skip" })).filter((one) => one.includes("blue-web-shop"));
    assert.deepEqual(objects, [
      "kubernetes:apps/v1:Deployment blue-web-shop/web",
      "kubernetes:core/v1:Service blue-web-shop/web",
    ]);
    rendered = [[service, deployment, hook("test")]];
    assert.equal(await problemsOf(), "none");
  });

  it("is refused when something of it is another one at each rendering, without saying the value", async () => {
    const secret = (password: string) => made("Secret", { data: { password } }, "generated");
    rendered = [
      [service, secret("b25l")],
      [service, secret("dHdv")],
    ];
    const said = await problemsOf();
    assert.match(said, /\.\/charts\/web, Secret shop\/generated: "data\.password": is made anew at each rendering/);
    assert.doesNotMatch(said, /b25l|dHdv/);
    assert.match(said, /existingSecret/);
  });

  it("is rendered a second later once more when it may ask for the time", async () => {
    writeChart(join(folder, "charts/web"), { "templates/web.yaml": "at: {{ now | unixEpoch }}" });
    const before = Date.now();
    await deploy();
    assert.ok(Date.now() - before > 1000);
    assert.equal(asked.length, 2);
  });
});
