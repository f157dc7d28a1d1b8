/** A folder of manifests, as a GitOps controller reads it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { SandboxError } from "../shared/errors";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What others stand on comes first; the rest as it is written. */
const first = ["Namespace", "ConfigMap", "Secret", "ServiceAccount"];
const rank = ({ kind }: Manifest): number => {
  const at = first.indexOf(kind);
  return at < 0 ? first.length : at;
};

function isManifest(value: unknown): value is Manifest {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<Manifest>;
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string";
}

/** Every object of the folder's YAML files, in the order in which they are applied. @throws SBX-GITOPS */
export function readManifests(folder: string): readonly Manifest[] {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  const all = files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), "utf8")).flatMap((document): Manifest[] => {
      const value: unknown = document.toJS();
      if (value === null) return [];
      if (document.errors.length === 0 && isManifest(value)) return [value];
      throw new SandboxError(
        "SBX-GITOPS",
        `${join(folder, file)} holds something that is no Kubernetes object.`,
        "Write apiVersion, kind and metadata.name of each.",
      );
    }),
  );
  return all
    .map((one, index) => ({ one, index }))
    .sort((a, b) => rank(a.one) - rank(b.one) || a.index - b.index)
    .map(({ one }) => one);
}
