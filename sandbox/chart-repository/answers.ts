/**
 * What a chart repository answers, of the two kinds that Helm knows: a folder with an index, and an OCI registry. Pure,
 * but for the chart's files.
 */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { LbcMode } from "../contract";
import { controllerVersionOf } from "../load-balancer-controller/chart/crds";
import { archiveOf } from "./archive";
import { chartFiles, chartName } from "./chart";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const text = (status: number, body: string, type = "text/plain"): Answer => ({ status, type, body: Buffer.from(body) });
const json = (value: unknown, type = "application/json"): Answer => text(200, JSON.stringify(value), type);
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const range = (count: number): readonly number[] => [...Array(count).keys()];

/** Charts of controllers that know shared target groups (2.10 on), to the newest that this package names. */
export const chartVersions: readonly string[] = [
  "3.5.0",
  ...range(5).flatMap((minor) => range(3).map((patch) => `3.${minor}.${patch}`)),
  ...range(8).flatMap((minor) => range(5).map((patch) => `1.${minor + 10}.${patch}`)),
];

export class ChartAnswers {
  private readonly archives = new Map<string, Buffer>();

  constructor(private readonly lbc: LbcMode) {}

  /** Of a request's path, whatever host it went to. */
  of(path: string): Answer {
    const [, registryName, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
    if (path === "/v2/" || path === "/v2") return json({});
    if (registryName !== undefined) return this.ofRegistry(registryName, kind ?? "", reference ?? "");
    if (path.endsWith("/index.yaml")) return text(200, this.index(), "application/yaml");
    const version = new RegExp(`/${chartName}-([0-9.]+)\\.tgz$`).exec(path)?.[1];
    if (version !== undefined && chartVersions.includes(version))
      return { status: 200, type: "application/gzip", body: this.archive(version) };
    return text(404, `the sandbox's repository has the chart ${chartName} and nothing else\n`);
  }

  private archive(version: string): Buffer {
    const known = this.archives.get(version) ?? archiveOf(chartFiles(version, this.lbc));
    this.archives.set(version, known);
    return known;
  }

  private index(): string {
    const entry = (version: string): object => ({
      apiVersion: "v2",
      name: chartName,
      version,
      appVersion: `v${controllerVersionOf(version)}`,
      type: "application",
      urls: [`${chartName}-${version}.tgz`],
    });
    return stringify({ apiVersion: "v1", entries: { [chartName]: chartVersions.map(entry) } });
  }

  private ofRegistry(name: string, kind: string, reference: string): Answer {
    const unknown = (code: string): Answer => ({
      ...json({ errors: [{ code, message: `${name}:${reference}` }] }),
      status: 404,
    });
    if (name.split("/").at(-1) !== chartName) return unknown("NAME_UNKNOWN");
    if (kind === "tags") return json({ name, tags: chartVersions });
    if (kind === "manifests") return this.manifest(reference) ?? unknown("MANIFEST_UNKNOWN");
    for (const version of chartVersions) {
      const blob = this.blobs(version).find(({ digest }) => digest === reference);
      if (blob !== undefined) return digested({ status: 200, type: "application/octet-stream", body: blob.body });
    }
    return unknown("BLOB_UNKNOWN");
  }

  private blobs(version: string): readonly { readonly digest: string; readonly body: Buffer }[] {
    const about = { apiVersion: "v2", name: chartName, version, appVersion: `v${controllerVersionOf(version)}` };
    return [Buffer.from(JSON.stringify(about)), this.archive(version)].map((body) => ({
      digest: `sha256:${sha256(body)}`,
      body,
    }));
  }

  private manifest(reference: string): Answer | null {
    const type = "application/vnd.oci.image.manifest.v1+json";
    const of = (version: string): Answer => {
      const [config, layer] = this.blobs(version).map(({ digest, body }, index) => ({
        mediaType: ["application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"][
          index
        ],
        digest,
        size: body.length,
      }));
      return digested(json({ schemaVersion: 2, mediaType: type, config, layers: [layer] }, type));
    };
    if (chartVersions.includes(reference)) return of(reference);
    // After the tag Helm asks for the manifest by its digest.
    if (!reference.startsWith("sha256:")) return null;
    return chartVersions.map(of).find(({ headers }) => headers?.["docker-content-digest"] === reference) ?? null;
  }
}

const digested = (answer: Answer): Answer => ({
  ...answer,
  headers: { "docker-content-digest": `sha256:${sha256(answer.body)}` },
});
