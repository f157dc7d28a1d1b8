/** The stand-in for the kubernetes provider: Props kind that the API server serves, by server-side apply. */
import { createHash } from "node:crypto";
import { SandboxError } from "../../shared/errors";
import {
  autoName,
  differences,
  isObject,
  merge,
  under,
  type Check,
  type Diff,
  type Failure,
  type Props,
  type Dynamic,
} from "../rpc/values";
import {
  PartialFailure,
  type ChangeCall,
  type CheckCall,
  type Created,
  type Limits,
  type StandIn,
  type Target,
} from "../stand-in";
import { KubeClient, parseKubeconfig, type KubeTarget } from "./client";
import { HelmReleases, releaseToken } from "./helm-release";
import { isNamespaced, isTrue, kindOfToken, replacesOn, type Kind } from "./kinds";
import { KubeObjects } from "./objects";

type Environment = Readonly<Record<string, string | undefined>>;

export class KubernetesStandIn implements StandIn {
  readonly name = "kubernetes";
  readonly version = "4.34.2";
  private config: Props = {};
  private objects: KubeObjects | undefined;

  constructor(private readonly env: Environment) {}

  async configure(config: Props): Promise<void> {
    this.config = config;
  }

  /** Made at first use: a preview of a program whose cluster is not there yet must not fail. */
  private open(): KubeObjects {
    return (this.objects ??= new KubeObjects(new KubeClient(this.target(), this.env)));
  }

  private target(): KubeTarget {
    const text = this.config["kubeconfig"] ?? this.env["KUBECONFIG"];
    if (text === undefined || text === "")
      throw new SandboxError(
        "SBX-PROVIDER-KUBECONFIG",
        "configured Kubernetes cluster is unreachable: no kubeconfig was given",
        "Give the provider a kubeconfig; nobody's default cluster is used in a sandbox.",
      );
    const target = parseKubeconfig(typeof text === "string" ? text : JSON.stringify(text), this.config["context"]);
    return { ...target, namespace: this.config["namespace"] ?? target.namespace };
  }

  /** Another server is another provider, and all that it made is made again there. */
  configReplaces(olds: Props, news: Props): readonly string[] {
    const server = (config: Props) => {
      try {
        return parseKubeconfig(config["kubeconfig"], config["context"]).server;
      } catch {
        return undefined;
      }
    };
    // With an identifier of its own the endpoint may move.
    const identifiers = [olds["clusterIdentifier"], news["clusterIdentifier"]];
    if (identifiers[0] !== undefined && identifiers[1] !== undefined)
      return identifiers[0] === identifiers[1] ? [] : ["clusterIdentifier"];
    const before = server(olds);
    const after = server(news);
    return before !== undefined && after !== undefined && before !== after ? ["kubeconfig"] : [];
  }

  async check(call: CheckCall): Promise<Check> {
    if (call.type === releaseToken) return HelmReleases.check(call);
    const kind = this.kind(call);
    const metadata: Record<string, Dynamic> = { ...call.news["metadata"] };
    const failures: Failure[] = [];
    let named = call.olds["metadata"]?.annotations?.[autoNamed] === "true" ? call.olds["metadata"].name : undefined;
    if (kind.patch && metadata["name"] === undefined)
      failures.push({
        property: "metadata.name",
        reason: "patch resources require the resource `.metadata.name` to be set",
      });
    else if (metadata["name"] === undefined && metadata["generateName"] === undefined) {
      named ??= autoName(call.name, call.seed, call.urn, 8);
      metadata["name"] = named;
      metadata["annotations"] = { ...metadata["annotations"], [autoNamed]: "true" };
    }
    if (metadata["generateName"] !== undefined)
      failures.push({
        property: "metadata.generateName",
        reason:
          "the sandbox's stand-in does not know generateName; leave the name out for one that is drawn, or use " +
          "the official plugin with --provider kubernetes=PATH",
      });
    if (metadata["namespace"] === undefined && isNamespaced(kind.kind))
      metadata["namespace"] = this.config["namespace"] ?? "default";
    const { status: _status, ...rest } = call.news;
    return {
      inputs: {
        ...rest,
        apiVersion: call.news["apiVersion"] ?? kind.apiVersion,
        kind: call.news["kind"] ?? kind.kind,
        metadata,
      },
      failures,
    };
  }

  private kind(call: Target): Kind {
    const kind = kindOfToken(call.type);
    if (kind === null)
      throw new SandboxError(
        "SBX-PROVIDER-TYPE",
        `the sandbox's stand-in for the kubernetes provider has no ${call.type}`,
        "Use the official plugin with --provider kubernetes=PATH, or leave this resource out of the rehearsal.",
      );
    return kind;
  }

  async diff(call: ChangeCall): Promise<Diff> {
    if (call.type === releaseToken) return HelmReleases.diff(call);
    const changes = differences(
      call.oldInputs,
      call.news,
      under(replacesOn(call.news["kind"], this.config, this.kind(call).patch)),
    );
    // A name that the program gave is taken until the old object is gone.
    const sameName =
      call.oldInputs["metadata"]?.name === call.news["metadata"]?.name &&
      call.oldInputs["metadata"]?.namespace === call.news["metadata"]?.namespace;
    return { changes, deleteBeforeReplace: sameName };
  }

  async create(call: Target & { inputs: Props; preview: boolean }, limits: Limits): Promise<Created> {
    if (call.preview) return { id: "", outputs: call.inputs };
    if (call.type === releaseToken) return this.releases().create(call.name, call.inputs, limits);
    const objects = this.open();
    const path = await objects.pathSoon(call.inputs, limits);
    const { patch } = this.kind(call);
    if (!patch && (await objects.client.find(path, limits.signal)) !== null)
      throw new Error(
        `resource ${identity(call.inputs)} was not successfully created by the Kubernetes API server: ` +
          `${call.inputs["kind"]} "${call.inputs["metadata"].name}" already exists`,
      );
    const live = await objects.apply(path, call.inputs, fieldManager(call), limits, patch && this.forces(call.inputs));
    return { id: identity(call.inputs), outputs: await this.settled(path, live, call.inputs, limits, "created") };
  }

  /** Waits until ready; an object that never gets there is kept, with what is wrong with it. */
  private async settled(
    path: string,
    live: Props,
    inputs: Props,
    limits: Limits,
    done: "created" | "updated",
  ): Promise<Props> {
    const result = await this.open().ready(path, live, limits);
    const outputs = outputsOf(result.live, inputs);
    if (result.problems.length > 0)
      throw new PartialFailure(identity(inputs), outputs, [
        `resource ${identity(inputs)} was successfully ${done}, but the Kubernetes API server reported that it ` +
          `failed to fully initialize or become live: ${result.problems[0]}`,
        ...result.problems.slice(1),
      ]);
    return outputs;
  }

  async read(
    call: Target & { id: string; inputs: Props; outputs: Props },
  ): Promise<{ outputs: Props; inputs: Props } | null> {
    const limits = { signal: AbortSignal.timeout(60_000), timeoutSeconds: 60 };
    if (call.type === releaseToken) return this.releases().read(call.inputs, call.outputs, limits);
    const objects = this.open();
    const kind = this.kind(call);
    const [namespace, name] = call.id.includes("/") ? (call.id.split("/") as [string, string]) : [undefined, call.id];
    const live = await objects.client.find(
      await objects.path({
        apiVersion: call.inputs["apiVersion"] ?? kind.apiVersion,
        kind: kind.kind,
        metadata: { name, namespace },
      }),
    );
    if (live === null) return null;
    const inputs = Object.keys(call.inputs).length > 0 ? asLive(call.inputs, live) : importedInputs(live);
    return { outputs: outputsOf(live, inputs), inputs };
  }

  async update(call: ChangeCall & { preview: boolean }, limits: Limits): Promise<Props> {
    if (call.preview) return previewed(call);
    if (call.type === releaseToken) return this.releases().update(call.id, call.news, call.oldOutputs, limits);
    const objects = this.open();
    const path = await objects.pathSoon(call.news, limits);
    const live = await objects.apply(
      path,
      call.news,
      fieldManager({ urn: call.urn, inputs: call.news }),
      limits,
      this.forces(call.news),
    );
    const before = fieldManager({ urn: call.urn, inputs: call.oldInputs });
    // Two managers would hold the fields, and the old one's would outlive the resource.
    if (before !== fieldManager({ urn: call.urn, inputs: call.news })) await objects.giveUp(call.news, before, limits);
    return this.settled(path, live, call.news, limits, "updated");
  }

  async delete(call: Target & { id: string; oldInputs: Props; outputs: Props }, limits: Limits): Promise<void> {
    if (call.type === releaseToken) return this.releases().delete(call.outputs, limits);
    if (this.kind(call).patch)
      return this.open().giveUp(call.outputs, fieldManager({ urn: call.urn, inputs: call.oldInputs }), limits);
    await this.open().remove(call.outputs, limits);
  }

  async invoke(token: string): Promise<Props> {
    throw new SandboxError(
      "SBX-PROVIDER-FUNCTION",
      `the sandbox's stand-in for the kubernetes provider has no function ${token}`,
      "Use the official plugin with --provider kubernetes=PATH.",
    );
  }

  /**
   * The annotation decides; without one, the provider's own setting, which the SDK takes from
   * PULUMI_K8S_ENABLE_PATCH_FORCE.
   */
  private forces(inputs: Props): boolean {
    return forced(inputs) ?? isTrue(this.config["enablePatchForce"]);
  }

  private releases(): HelmReleases {
    return new HelmReleases(this.open(), isTrue(this.config["suppressHelmHookWarnings"]));
  }
}

const autoNamed = "pulumi.com/autonamed";

function identity(object: Props): string {
  const { name, namespace } = object["metadata"];
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** One manager for each resource of a program, the same in every update; or the one that the program names. */
function fieldManager(call: { readonly urn: string; readonly inputs: Props }): string {
  return (
    call.inputs["metadata"]?.annotations?.["pulumi.com/patchFieldManager"] ??
    `pulumi-kubernetes-${createHash("sha256").update(call.urn).digest("hex").slice(0, 8)}`
  );
}

/** Takes fields from whoever manages them. */
function forced(inputs: Props): boolean | undefined {
  const value: unknown = inputs["metadata"]?.annotations?.["pulumi.com/patchForce"];
  return value === undefined ? undefined : isTrue(value);
}

/**
 * Of what a refresh finds changed, the stand-in takes replicas into the inputs, so that the next update sees the
 * difference.
 */
function asLive(inputs: Props, live: Props): Props {
  const declared: unknown = inputs["spec"]?.replicas;
  const there: unknown = live["spec"]?.replicas;
  return typeof declared === "number" && typeof there === "number" && declared !== there
    ? { ...inputs, spec: { ...inputs["spec"], replicas: there } }
    : inputs;
}

function outputsOf(live: Props, inputs: Props): Props {
  const { managedFields: _fields, ...metadata } = live.metadata;
  return { ...live, metadata, __initialApiVersion: inputs["apiVersion"] };
}

/**
 * What is there now, with the new inputs over it and without what the program took out: known, and no network needed.
 */
function previewed(call: ChangeCall): Props {
  return merge(without(call.oldOutputs, call.oldInputs, call.news), call.news);
}

function without(outputs: Props, olds: Props, news: Props): Props {
  const result: Record<string, Dynamic> = {};
  for (const [key, value] of Object.entries(outputs)) {
    if (olds[key] !== undefined && news[key] === undefined) continue;
    result[key] =
      isObject(value) && isObject(olds[key]) && isObject(news[key]) ? without(value, olds[key], news[key]) : value;
  }
  return result;
}

function importedInputs(live: Props): Props {
  const { status: _status, ...rest } = live;
  const { name, namespace, labels, annotations } = live.metadata;
  return JSON.parse(JSON.stringify({ ...rest, metadata: { name, namespace, labels, annotations } })) as Props;
}
