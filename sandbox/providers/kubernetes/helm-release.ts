/** `helm.v3.Release` of the one chart that the sandbox knows: the load balancer controller's. */
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { autoName, differences, merge, under, type Check, type Diff, type Props } from "../rpc/values";
import { PartialFailure, type ChangeCall, type CheckCall, type Created, type Limits } from "../stand-in";
import type { KubeObjects } from "./objects";

export const releaseToken = "kubernetes:helm.sh/v3:Release";
const knownChart = "aws-load-balancer-controller";
const releaseSeconds = 300;

/** What `sandbox/load-balancer-controller/crds` gives: the manifests that the chart would render. */
interface ChartModule {
  chartManifests(settings: {
    readonly releaseName: string;
    readonly namespace: string;
    readonly version: string;
    readonly values: Props;
  }): readonly Props[];
  controllerVersionOf(chartVersion: string): string;
  forExternalController(manifests: readonly Props[]): readonly Props[];
  readonly loadBalancerControllerCrds: readonly Props[];
}

function chartModule(): ChartModule {
  // Loaded at first use only: most updates have no release.
  return require("../../load-balancer-controller/chart/crds") as ChartModule;
}

/** Chart's name and version: from Chart.yaml when it is a folder. */
function chartOf(inputs: Props): { name: string; version: string } {
  const chart: string = inputs["chart"];
  const file = path.join(chart, "Chart.yaml");
  if (existsSync(file)) {
    const local = parse(readFileSync(file, "utf8")) as Props;
    return { name: local["name"], version: inputs["version"] ?? local["version"] };
  }
  return { name: chart.split("/").pop() ?? chart, version: inputs["version"] ?? "3.5.0" };
}

const managedBy = (name: string) => ({ "app.kubernetes.io/managed-by": "Helm", "pulumi.com/release": name });

function ownManifests(manifests: readonly Props[]): readonly Props[] {
  return process.env["EKS_BLUE_GREEN_LBC"] === "external" ? chartModule().forExternalController(manifests) : manifests;
}

export class HelmReleases {
  constructor(
    private readonly objects: KubeObjects,
    _suppressWarnings: boolean,
  ) {}

  static check(call: CheckCall): Check {
    const name = call.news["name"] ?? call.olds["name"] ?? autoName(call.name, call.seed, call.urn, 8);
    const inputs = { ...call.news, name, namespace: call.news["namespace"] ?? "default" };
    const chart = call.news["chart"];
    const found = typeof chart === "string" ? chartOf(inputs).name : undefined;
    const failures =
      found === knownChart
        ? []
        : [
            {
              property: "chart",
              reason:
                `the sandbox renders only the chart ${knownChart}, not ${found ?? "an unknown one"}; use the ` +
                "official plugin with --provider kubernetes=PATH",
            },
          ];
    return { inputs, failures };
  }

  static diff(call: ChangeCall): Diff {
    return {
      changes: differences(call.oldInputs, call.news, under(["name", "namespace"])),
      deleteBeforeReplace: false,
    };
  }

  async create(resourceName: string, inputs: Props, limits: Limits): Promise<Created> {
    const id = `${inputs["namespace"]}/${inputs["name"]}`;
    try {
      return { id, outputs: await this.install(inputs, [], 1, limits) };
    } catch (error) {
      if (error instanceof PartialFailure) throw error;
      throw new Error(`Helm release "${id}" (${resourceName}) was not created: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async update(id: string, inputs: Props, outputs: Props, limits: Limits): Promise<Props> {
    void id;
    return this.install(inputs, outputs["__objects"] ?? [], (outputs["status"]?.revision ?? 1) + 1, limits);
  }

  private async install(inputs: Props, before: readonly Props[], revision: number, limits: Limits): Promise<Props> {
    const chart = chartOf(inputs);
    const chartCode = chartModule();
    const manager = "helm";
    const manifests = ownManifests(
      chartCode.chartManifests({
        releaseName: inputs["name"],
        namespace: inputs["namespace"],
        version: chart.version,
        values: merge(inputs["values"] ?? {}, {}),
      }),
    );
    // Definitions first and once: Helm never changes those of a chart's crds folder again.
    if (inputs["skipCrds"] !== true)
      for (const definition of chartCode.loadBalancerControllerCrds) await this.definition(definition, manager, limits);
    if (inputs["createNamespace"] === true) await this.namespace(inputs["namespace"], manager, limits);
    const awaited: { path: string; live: Props }[] = [];
    for (const manifest of manifests) {
      const object: Props = {
        ...manifest,
        metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...managedBy(inputs["name"]) } },
      };
      const where = await this.objects.pathSoon(object, limits);
      const live = await this.objects.apply(
        where,
        await this.besideController(where, object, limits),
        manager,
        limits,
        true,
      );
      if (object.kind === "Deployment") awaited.push({ path: where, live });
    }
    const references = manifests.map((one) => ({
      apiVersion: one.apiVersion,
      kind: one.kind,
      metadata: { name: one.metadata.name, namespace: one.metadata.namespace },
    }));
    for (const old of before)
      if (
        !references.some(
          (one) =>
            one.kind === old.kind &&
            one.metadata.name === old.metadata.name &&
            one.metadata.namespace === old.metadata.namespace,
        )
      )
        await this.objects.remove(old, limits);
    const outputs = {
      ...inputs,
      status: status(inputs, chart, revision, "deployed"),
      resourceNames: resourceNames(references),
      __objects: references,
    };
    await this.awaitAll(awaited, inputs, outputs, limits);
    return outputs;
  }

  private async awaitAll(
    awaited: readonly { path: string; live: Props }[],
    inputs: Props,
    outputs: Props,
    limits: Limits,
  ): Promise<void> {
    if (inputs["skipAwait"] === true) return;
    const seconds = inputs["timeout"] || limits.timeoutSeconds || releaseSeconds;
    for (const { path: where, live } of awaited) {
      const result = await this.objects.ready(where, live, { ...limits, timeoutSeconds: seconds });
      if (result.problems.length === 0) continue;
      const id = `${inputs["namespace"]}/${inputs["name"]}`;
      throw new PartialFailure(id, { ...outputs, status: { ...outputs["status"], status: "failed" } }, [
        `Helm release "${id}" failed to initialize completely. Use Helm CLI to investigate: ${live.kind} ` +
          `${live.metadata.name}: ${result.problems.join("; ")}`,
      ]);
    }
  }

  /**
   * The running controller points the webhooks at itself. Helm patches only what differs between its two manifests; to
   * apply the chart's
   * `clientConfig` again would break every write of the kinds concerned (and a webhook with both a URL and a Service is
   * refused).
   */
  private async besideController(where: string, object: Props, limits: Limits): Promise<Props> {
    if (!/^(Mutating|Validating)WebhookConfiguration$/.test(object["kind"])) return object;
    const live = await this.objects.client.find(where, limits.signal);
    const taken = new Set(
      (live?.webhooks ?? [])
        .filter((one: Props) => one["clientConfig"]?.url !== undefined)
        .map((one: Props) => one["name"]),
    );
    return {
      ...object,
      webhooks: object["webhooks"].map((one: Props) =>
        taken.has(one["name"])
          ? Object.fromEntries(Object.entries(one).filter(([key]) => key !== "clientConfig"))
          : one,
      ),
    };
  }

  private async definition(definition: Props, manager: string, limits: Limits): Promise<void> {
    const where = await this.objects.path(definition);
    if ((await this.objects.client.find(where, limits.signal)) !== null) return;
    await this.objects.ready(where, await this.objects.apply(where, definition, manager, limits, true), {
      ...limits,
      timeoutSeconds: 30,
    });
  }

  private async namespace(name: string, manager: string, limits: Limits): Promise<void> {
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    const where = await this.objects.path(object);
    if ((await this.objects.client.find(where, limits.signal)) === null)
      await this.objects.apply(where, object, manager, limits, true);
  }

  async read(inputs: Props, outputs: Props, limits: Limits): Promise<{ outputs: Props; inputs: Props } | null> {
    if (outputs["__objects"] === undefined) return this.found(inputs, limits);
    for (const object of outputs["__objects"] ?? [])
      if (
        object.kind === "Deployment" &&
        (await this.objects.client.find(await this.objects.path(object), limits.signal)) === null
      )
        return null;
    return { outputs, inputs };
  }

  /** A release of which only the inputs are known: an update was killed while it installed it. */
  private async found(inputs: Props, limits: Limits): Promise<{ outputs: Props; inputs: Props } | null> {
    const chart = chartOf(inputs);
    const manifests = chartModule().chartManifests({
      releaseName: inputs["name"],
      namespace: inputs["namespace"],
      version: chart.version,
      values: merge(inputs["values"] ?? {}, {}),
    });
    const references = manifests.map((one) => ({
      apiVersion: one.apiVersion,
      kind: one.kind,
      metadata: { name: one.metadata.name, namespace: one.metadata.namespace },
    }));
    for (const object of references)
      if ((await this.objects.client.find(await this.objects.path(object), limits.signal)) === null) return null;
    return {
      outputs: {
        ...inputs,
        status: status(inputs, chart, 1, "deployed"),
        resourceNames: resourceNames(references),
        __objects: references,
      },
      inputs,
    };
  }

  /** In reverse; the definitions stay, as with Helm. */
  async delete(outputs: Props, limits: Limits): Promise<void> {
    for (const object of [...(outputs["__objects"] ?? [])].reverse()) await this.objects.remove(object, limits);
  }
}

function status(inputs: Props, chart: { name: string; version: string }, revision: number, state: string): Props {
  return {
    name: inputs["name"],
    namespace: inputs["namespace"],
    chart: chart.name,
    version: chart.version,
    appVersion: `v${chartModule().controllerVersionOf(chart.version)}`,
    revision,
    status: state,
  };
}

function resourceNames(references: readonly Props[]): Props {
  const result: Record<string, string[]> = {};
  for (const one of references)
    (result[`${one.kind}/${one.apiVersion}`] ??= []).push(
      one.metadata.namespace === undefined ? one.metadata.name : `${one.metadata.namespace}/${one.metadata.name}`,
    );
  return result;
}
