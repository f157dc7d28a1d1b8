/** Kubeconfigs of the sandbox's clusters, as JSON (which is YAML): one per cluster, and one of them all. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface KubeAccess {
  readonly clusterName: string;
  readonly server: string;
  /** The API server past the proxy with the faults, for the cluster's own parts. */
  readonly directServer: string;
  readonly caData: string;
  readonly clientCertData: string;
  readonly clientKeyData: string;
}

function config(all: readonly KubeAccess[]): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: all.map((one) => ({ name: one.clusterName, cluster: { server: one.server, "certificate-authority-data": one.caData } })),
    users: all.map((one) => ({ name: one.clusterName, user: { "client-certificate-data": one.clientCertData, "client-key-data": one.clientKeyData } })),
    contexts: all.map((one) => ({ name: one.clusterName, context: { cluster: one.clusterName, user: one.clusterName } })),
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

/** `<dir>/kube/<cluster>.kubeconfig`, its twin for the cluster's own parts, and `<dir>/kube/config`. */
export class Kubeconfigs {
  private readonly all = new Map<string, KubeAccess>();

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
    writeAtomically(this.directPathOf(access.clusterName), JSON.stringify(config([{ ...access, server: access.directServer }]), null, 2));
    this.writeMerged();
  }

  delete(clusterName: string): void {
    this.all.delete(clusterName);
    for (const file of [this.pathOf(clusterName), this.directPathOf(clusterName)]) rmSync(file, { force: true });
    this.writeMerged();
  }

  private writeMerged(): void {
    writeAtomically(this.mergedPath, JSON.stringify(config([...this.all.values()]), null, 2));
  }
}
