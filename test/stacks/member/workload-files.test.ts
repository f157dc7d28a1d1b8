import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DriverContext, MemberOutputs } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord, MemberPlacement } from "../../../stacks/record";
import { projectFolderVariable } from "../../../stacks/shared/project-way";
import { devWith, find, listing, runUnderMocks } from "../mock-engine";

const service = {
  name: "web",
  namespace: "shop",
  workload: "manifests",
  manifests: { path: "manifests", service: "shop-web" },
  port: 80,
  targetPort: 8080,
  servicePort: 80,
};
const own = { name: "own", namespace: "tools", image: "echo:1", port: 81, targetPort: 8081 };
const member = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
const web = `
apiVersion: v1
kind: Service
metadata: { name: shop-web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop-web }
spec: { replicas: 2, template: { metadata: { labels: { app: web } }, spec: { serviceAccountName: web } } }
`;
const files = {
  "web.yaml": web,
  "more/account.yaml": "{ apiVersion: v1, kind: ServiceAccount, metadata: { name: web } }",
  "more/role.yml": "{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: web } }",
  "README.md": "no YAML",
};

describe("a member with a workload from files", () => {
  let folder: string;
  const before_ = process.env[projectFolderVariable];
  const write = (all: Readonly<Record<string, string>>): void => {
    rmSync(join(folder, "manifests"), { recursive: true, force: true });
    for (const [name, text] of Object.entries(all)) {
      const file = join(folder, "manifests", name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "files-"));
    process.env[projectFolderVariable] = folder;
    write(files);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (before_ === undefined) delete process.env[projectFolderVariable];
    else process.env[projectFolderVariable] = before_;
  });

  async function deploy(
    role: MemberPlacement["role"],
    {
      all = [service],
      context,
      last,
      between = () => undefined,
    }: { all?: object[]; context?: DriverContext; last?: object; between?: () => void } = {},
  ) {
    const environment = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
      environmentProgram(devWith({ services: all })),
    );
    between();
    const record = {
      ...(environment.outputs["record"] as EnvironmentRecord),
      placement: {
        blue: { role, version: "1.34", workload: "running" },
        green: { role: "absent", version: null, workload: "running" },
      },
    };
    const stacks = {
      dev: { ...environment.outputs, record },
      ...(last === undefined ? {} : { "dev-blue": last as Record<string, unknown> }),
    };
    const run = await runUnderMocks({ stack: "dev-blue", stacks, answer }, () =>
      memberProgram(member, context?.kind === "act" ? { ...context, expectedRevision: record.revision } : context),
    );
    return { ...run, outputs: run.outputs as unknown as MemberOutputs };
  }
  /** What Kustomize makes of the overlay, or why it does not. */
  let overlay: object[] | Error = [];
  const answer = (token: string, { directory }: Readonly<Record<string, unknown>>): Promise<object> | null => {
    if (token !== "kubernetes:kustomize:directory") return null;
    assert.equal(directory, join(folder, "manifests"));
    return overlay instanceof Error ? Promise.reject(overlay) : Promise.resolve({ result: overlay });
  };
  const inCluster = ({ resources }: Awaited<ReturnType<typeof deploy>>): string[] =>
    listing(resources).filter((one) => /^kubernetes:(?!helm)|index:Workload/.test(one));

  it("declares the objects of all files in the service's namespace, which is this package's", async () => {
    const run = await deploy("standby");
    assert.deepEqual(inCluster(run), [
      "eks-blue-green:index:WorkloadFiles blue-objects",
      "eks-blue-green:index:WorkloadObjects blue-web",
      "kubernetes:apps/v1:Deployment blue-web-shop/shop-web",
      "kubernetes:core/v1:Namespace blue-shop",
      "kubernetes:core/v1:Service blue-web-shop/shop-web",
      "kubernetes:core/v1:ServiceAccount blue-web-shop/web",
      "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole blue-web-web",
    ]);
    const { inputs, provider } = find(run.resources, "kubernetes:apps/v1:Deployment", "blue-web-shop/shop-web");
    assert.deepEqual(inputs["metadata"], { name: "shop-web", namespace: "shop" });
    assert.deepEqual(inputs["spec"], {
      replicas: 2,
      template: { metadata: { labels: { app: "web" } }, spec: { serviceAccountName: "web" } },
    });
    // Settings are changed in place, as kubectl does it; the objects of everybody else keep the provider's default.
    assert.match(provider, /WorkloadFiles\$pulumi:providers:kubernetes::blue-objects::/);
    const settings = (name: string): unknown[] => {
      const of = find(run.resources, "pulumi:providers:kubernetes", name).inputs;
      return [of["kubeconfig"], of["clusterIdentifier"], of["enableConfigMapMutable"], of["enableSecretMutable"]];
    };
    const [kubeconfig, cluster, ...none] = settings("blue-kubernetes");
    assert.deepEqual(none, [undefined, undefined]);
    assert.deepEqual(settings("blue-objects"), [kubeconfig, cluster, "true", "true"]);
    const role = find(run.resources, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "blue-web-web");
    assert.deepEqual(role.inputs["metadata"], { name: "web" });
  });

  it("orders them: controller and namespace, what pods need, pods, binding; and gives them time", async () => {
    const { resources } = await deploy("active");
    const group = find(resources, "eks-blue-green:index:WorkloadObjects", "blue-web").dependencies;
    for (const one of ["kubernetes:helm.sh/v3:Release blue", "kubernetes:core/v1:Namespace blue-shop"])
      assert.ok(group.includes(one), group.join());
    const pods = find(resources, "kubernetes:apps/v1:Deployment", "blue-web-shop/shop-web");
    assert.ok(
      pods.dependencies.includes("kubernetes:core/v1:ServiceAccount blue-web-shop/web"),
      pods.dependencies.join(),
    );
    assert.equal(pods.updateTimeout, "60m");
    const bound = find(resources, "eks-blue-green:index:MultiClusterService", "blue-web").dependencies;
    for (const one of [
      "kubernetes:apps/v1:Deployment blue-web-shop/shop-web",
      "kubernetes:core/v1:Service blue-web-shop/shop-web",
    ])
      assert.ok(bound.includes(one), bound.join());
  });

  it("binds the Service that the config names, and tells the driver what to look for", async () => {
    const { resources, outputs } = await deploy("active");
    const binding = find(resources, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "blue-web-web");
    assert.deepEqual((binding.inputs["spec"] as { serviceRef: unknown }).serviceRef, { name: "shop-web", port: 80 });
    const told = outputs.services["web"];
    assert.deepEqual(
      [told?.workload, told?.deployment, told?.service, told?.servicePort, told?.selector],
      ["manifests", null, "shop-web", 80, {}],
    );
    assert.deepEqual(outputs.workloadFiles?.ready, {
      web: [{ apiVersion: "apps/v1", kind: "Deployment", name: "shop-web", namespace: "shop" }],
    });
    assert.deepEqual(
      outputs.workloadFiles.resources.map((urn) => urn.split("::").slice(2).join(" ")),
      ["eks-blue-green:index:WorkloadFiles blue-objects", "eks-blue-green:index:WorkloadObjects blue-web"],
    );
  });

  it("gives the account that the files declare a role in AWS, before their pods", async () => {
    const roleArn = "arn:aws:iam::111122223333:role/web";
    const { resources, outputs } = await deploy("standby", {
      all: [{ ...service, serviceAccount: { name: "web", roleArn } }],
    });
    const association = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
    const { inputs } = find(resources, association, "blue-web");
    assert.deepEqual([inputs["namespace"], inputs["serviceAccount"], inputs["roleArn"]], ["shop", "web", roleArn]);
    assert.deepEqual(
      listing(resources).filter((one) => one.startsWith("kubernetes:core/v1:ServiceAccount")),
      ["kubernetes:core/v1:ServiceAccount blue-web-shop/web"],
    );
    const objects = find(resources, "eks-blue-green:index:WorkloadObjects", "blue-web").dependencies;
    assert.ok(objects.includes(`${association} blue-web`), objects.join());
    assert.deepEqual([outputs.services["web"]?.awsIdentity, outputs.services["web"]?.deployment], ["web", null]);
    await assert.rejects(
      deploy("standby", { all: [{ ...service, serviceAccount: { roleArn, name: "api" } }] }),
      /services\[0\]\.serviceAccount\.name: "api": is the ServiceAccount of no pod .*Write the one that they run as \(web\)/s,
    );
  });

  it("keeps a Secret of the files as a secret, and nowhere else", async () => {
    write({
      ...files,
      "secret.yaml": "{ apiVersion: v1, kind: Secret, metadata: { name: s }, stringData: { a: hidden } }",
    });
    const { resources } = await deploy("standby");
    const saying = resources.filter(({ inputs }) => JSON.stringify(inputs).includes("hidden"));
    assert.deepEqual(listing(saying), ["kubernetes:core/v1:Secret blue-web-shop/s"]);
    // The engine's own mark of a secret.
    assert.match(JSON.stringify(saying[0]?.inputs["stringData"]), /1b47061264138c4ac30d75fd1eb44270/);
  });

  it("has no outputs of files where no workload comes from any", async () => {
    const { outputs } = await deploy("standby", { all: [own] });
    assert.equal("workloadFiles" in outputs, false);
  });

  const acting: DriverContext = { kind: "act", expectedRevision: 0 };
  for (const [title, context] of [
    ["while a member is moved", acting],
    ["in a look that leaves it out", { kind: "plain" }],
  ] as const)
    it(`leaves them as they are ${title}: files that changed, or that are wrong, can't stop it`, async () => {
      const { outputs: last } = await deploy("standby");
      const run = await deploy("active", { context, last, between: () => write({ "web.yaml": "{" }) });
      assert.deepEqual(
        inCluster(run).filter((one) => !one.startsWith("kubernetes:elbv2")),
        ["kubernetes:core/v1:Namespace blue-shop"],
      );
      assert.deepEqual(run.outputs.workloadFiles, last.workloadFiles);
      assert.deepEqual(run.outputs.services["web"], { ...last.services["web"], binding: "web" });
    });

  it("declares them when the driver makes a member, and in a plain update", async () => {
    const made = await deploy("standby", { context: { ...acting, extension: "declared" } });
    assert.ok(inCluster(made).includes("eks-blue-green:index:WorkloadObjects blue-web"));
  });

  it("says what is wrong with the files before anything is deployed: the environment's update reads them too", async () => {
    write({ "web.yaml": web.replace("name: shop-web", "name: other") });
    await assert.rejects(deploy("standby"), (error: Error) => {
      assert.match(error.message, /What the workloads' files say has 1 problem/);
      assert.match(error.message, /services\[0\]\.manifests\.service: "shop-web": is no Service of the files/);
      assert.match(error.message, /\(they have other\)/);
      return true;
    });
  });

  describe("that is an overlay of Kustomize", () => {
    beforeEach(() => write({ "kustomization.yaml": "resources: []" }));
    const named = (kind: string, spec: object) => ({
      apiVersion: kind === "Service" ? "v1" : "apps/v1",
      kind,
      metadata: { name: "shop-web" },
      spec,
    });
    const whole = [
      named("Service", { selector: { a: "b" }, ports: [{ port: 80, targetPort: 8080 }] }),
      named("Deployment", { template: { metadata: { labels: { a: "b" } } } }),
    ];

    it("declares what Kustomize makes of it, by a provider that needs no cluster", async () => {
      overlay = whole;
      const run = await deploy("standby");
      assert.deepEqual(inCluster(run), [
        "eks-blue-green:index:WorkloadFiles blue-files",
        "eks-blue-green:index:WorkloadFiles blue-objects",
        "eks-blue-green:index:WorkloadObjects blue-web",
        "kubernetes:apps/v1:Deployment blue-web-shop/shop-web",
        "kubernetes:core/v1:Namespace blue-shop",
        "kubernetes:core/v1:Service blue-web-shop/shop-web",
      ]);
      const { inputs } = find(run.resources, "pulumi:providers:kubernetes", "blue-files");
      assert.match(String(inputs["kubeconfig"]), /127\.0\.0\.1:1/);
      assert.equal(run.outputs.workloadFiles?.resources.length, 3);
    });
    it("is refused with Kustomize's own words, and like any other objects", async () => {
      overlay = Object.assign(new Error("x"), { details: "accumulating resources: no such file" });
      await assert.rejects(
        deploy("standby"),
        /manifests\.path: "manifests": can't be built by Kustomize: .*no such file/s,
      );
      overlay = [];
      await assert.rejects(deploy("standby"), /makes no Kubernetes object/);
      overlay = [
        ...whole,
        { apiVersion: "v1", kind: "Service", metadata: { name: "lb" }, spec: { type: "LoadBalancer" } },
      ];
      await assert.rejects(deploy("standby"), /manifests, Service shop\/lb: "type: LoadBalancer"/);
    });
  });
});
