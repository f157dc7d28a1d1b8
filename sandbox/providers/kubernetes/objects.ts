/** Objects of one API server, by kind: where they are, and how they are applied and deleted. */
import type { Limits } from "../stand-in";
import { awaitGone, awaitReady } from "./await";
import { KubeError, type KubeClient } from "./client";
import type { Dynamic, Props } from "../rpc/values";

interface Mapping {
  readonly path: string;
  readonly namespaced: boolean;
}

/** A kind that its API server does not serve. */
export class NoMatch extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind "${kind}" in version "${apiVersion}"`);
    this.name = "NoMatch";
  }
}

export class KubeObjects {
  private readonly mappings = new Map<string, Mapping>();

  constructor(readonly client: KubeClient) {}

  /** REST path of the object. @throws NoMatch when the server does not serve the kind (any more, or yet). */
  async path(object: Props): Promise<string> {
    const mapping = await this.mapping(object.apiVersion, object.kind);
    const space = mapping.namespaced ? `/namespaces/${object.metadata.namespace ?? "default"}` : "";
    const root = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
    return `${root}${space}/${mapping.path}/${object.metadata.name}`;
  }

  private async mapping(apiVersion: string, kind: string): Promise<Mapping> {
    const key = `${apiVersion}/${kind}`;
    const known = this.mappings.get(key);
    if (known !== undefined) return known;
    const list = await this.client.find(apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
    for (const one of list?.resources ?? [])
      if (!one.name.includes("/"))
        this.mappings.set(`${apiVersion}/${one.kind}`, { path: one.name, namespaced: one.namespaced });
    const found = this.mappings.get(key);
    if (found === undefined) throw new NoMatch(apiVersion, kind);
    return found;
  }

  /** A kind whose definition was made a moment ago is not served at once. */
  async pathSoon(object: Props, limits: Limits, seconds = 10): Promise<string> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      try {
        return await this.path(object);
      } catch (error) {
        if (!(error instanceof NoMatch) || Date.now() > end || limits.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /**
   * Server-side apply, without force: another manager's field is a conflict, told as the official provider tells it.
   */
  async apply(path: string, object: Props, fieldManager: string, limits: Limits, force = false): Promise<Dynamic> {
    try {
      return await this.client.send({
        method: "PATCH",
        path: `${path}?fieldManager=${encodeURIComponent(fieldManager)}&force=${force}`,
        body: object,
        contentType: "application/apply-patch+yaml",
        signal: limits.signal,
      });
    } catch (error) {
      if (error instanceof KubeError && error.status === 409 && error.message.startsWith("Apply failed")) {
        throw new KubeError(
          409,
          error.reason,
          "the Kubernetes API server reported that " +
            `"${object.metadata.namespace ? `${object.metadata.namespace}/` : ""}${object.metadata.name}" failed ` +
            `to apply: ${error.message}. The resource managed by field manager "${fieldManager}" had an apply ` +
            "conflict",
        );
      }
      throw error;
    }
  }

  /** Ends a manager's hold: fields that it alone managed go, the others stay, and so does the object. */
  async giveUp(object: Props, fieldManager: string, limits: Limits): Promise<void> {
    try {
      const path = await this.path(object);
      // To apply to what is gone would make it anew.
      if ((await this.client.find(path, limits.signal)) === null) return;
      const { name, namespace } = object.metadata;
      await this.apply(
        path,
        { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace } },
        fieldManager,
        limits,
      );
    } catch (error) {
      if (!(error instanceof NoMatch)) throw error;
    }
  }

  async delete(path: string, limits: Limits): Promise<void> {
    const live = await this.client.find(path, limits.signal);
    if (live === null) return;
    try {
      await this.client.send({
        method: "DELETE",
        path,
        body: { propagationPolicy: deletionOf(live.kind) },
        signal: limits.signal,
      });
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
    }
    await awaitGone(this.client, path, live.metadata.uid, limits);
  }

  /** Also when its kind is not served any more: with its definition the object is gone too. */
  async remove(object: Props, limits: Limits): Promise<void> {
    try {
      await this.delete(await this.path(object), limits);
    } catch (error) {
      if (!(error instanceof NoMatch)) throw error;
    }
  }

  ready(path: string, live: Props, limits: Limits) {
    return awaitReady(this.client, path, live, limits);
  }
}

/** Owners of pods wait for them, so that a workload is gone when its deletion is told. */
function deletionOf(kind: string): "Foreground" | "Background" {
  return ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"].includes(kind) ? "Foreground" : "Background";
}
