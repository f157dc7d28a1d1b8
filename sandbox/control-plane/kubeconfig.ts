/** Kubeconfigs of the sandbox's clusters, as JSON (which is YAML): one per cluster, and one of them all. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";

export interface KubeAccess {
  readonly clusterName: string;
  readonly server: string;
  /** The API server past the proxy with the faults, for the cluster's own parts. */
  readonly directServer: string;
  readonly caData: string;
  readonly clientCertData: string;
  readonly clientKeyData: string;
}

interface Named {
  readonly name: string;
}
interface Config {
  readonly apiVersion: "v1";
  readonly kind: "Config";
  readonly clusters: readonly Named[];
  readonly users: readonly Named[];
  readonly contexts: readonly (Named & { readonly context?: { readonly cluster?: string } })[];
  readonly "current-context": string;
}

function config(all: readonly KubeAccess[]): Config {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: all.map((one) => ({
      name: one.clusterName,
      cluster: { server: one.server, "certificate-authority-data": one.caData },
    })),
    users: all.map((one) => ({
      name: one.clusterName,
      user: { "client-certificate-data": one.clientCertData, "client-key-data": one.clientKeyData },
    })),
    contexts: all.map((one) => ({
      name: one.clusterName,
      context: { cluster: one.clusterName, user: one.clusterName },
    })),
    "current-context": all[0]?.clusterName ?? "",
  };
}

/** Readers see the old file or the new one, never half of one. */
export function writeAtomically(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/**
 * What a person has written into the file since (`aws eks update-kubeconfig`, `kubectl config use-context`) stays, and
 * counts more than
 * ours of the same name: an entry is theirs when it is not as we wrote it.
 */
export function withTheirs(ours: Config, before: Config, found: Partial<Config>): Config {
  const merge = <T extends Named>(
    mine: readonly T[],
    wrote: readonly T[],
    there: readonly T[] | null | undefined,
  ): T[] => {
    const theirs = (there ?? []).filter((one) => !wrote.some((own) => isDeepStrictEqual(own, one)));
    return [...mine.filter((own) => !theirs.some(({ name }) => name === own.name)), ...theirs];
  };
  const merged = {
    clusters: merge(ours.clusters, before.clusters, found.clusters),
    users: merge(ours.users, before.users, found.users),
  };
  // A context that leads nowhere any more would only confuse.
  const contexts = merge(ours.contexts, before.contexts, found.contexts).filter(({ context }) =>
    merged.clusters.some(({ name }) => name === context?.cluster),
  );
  const chosen = found["current-context"];
  return {
    ...ours,
    ...merged,
    contexts,
    "current-context": contexts.some(({ name }) => name === chosen) ? (chosen as string) : ours["current-context"],
  };
}

/** `<dir>/kube/<cluster>.kubeconfig`, its twin for the cluster's own parts, and `<dir>/kube/config`. */
export class Kubeconfigs {
  private readonly all = new Map<string, KubeAccess>();
  /** Ours in the merged file, as it was written last. */
  private wrote: Config = config([]);

  constructor(private readonly dir: string) {
    this.writeMerged();
  }

  pathOf(clusterName: string): string {
    return join(this.dir, "kube", `${clusterName}.kubeconfig`);
  }

  directPathOf(clusterName: string): string {
    return join(this.dir, "kube", `${clusterName}.direct.kubeconfig`);
  }

  get mergedPath(): string {
    return join(this.dir, "kube", "config");
  }

  set(access: KubeAccess): void {
    this.all.set(access.clusterName, access);
    writeAtomically(this.pathOf(access.clusterName), JSON.stringify(config([access]), null, 2));
    writeAtomically(
      this.directPathOf(access.clusterName),
      JSON.stringify(config([{ ...access, server: access.directServer }]), null, 2),
    );
    this.writeMerged();
  }

  delete(clusterName: string): void {
    this.all.delete(clusterName);
    for (const file of [this.pathOf(clusterName), this.directPathOf(clusterName)]) rmSync(file, { force: true });
    this.writeMerged();
  }

  private writeMerged(): void {
    const ours = config([...this.all.values()]);
    writeAtomically(this.mergedPath, JSON.stringify(withTheirs(ours, this.wrote, this.found()), null, 2));
    this.wrote = ours;
  }

  private found(): Partial<Config> {
    try {
      return (parse(readFileSync(this.mergedPath, "utf8")) as Partial<Config> | null) ?? {};
    } catch {
      // Not there yet, or a person's half-written file: ours is then all there is.
      return {};
    }
  }
}
