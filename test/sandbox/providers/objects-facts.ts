/**
 * What objects of files are with the official kubernetes provider on a control plane: how many pods there are belongs to
 * whoever scales them. Run by the engine's test, which has a cluster.
 */
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { Stack, type LocalWorkspace } from "@pulumi/pulumi/automation";
import type { KubernetesObject } from "../../../stacks/workload-files/objects";
import { declareFromFiles, writerOfFiles } from "../../../stacks/member/workload-files";
import type { Kubectl } from "./kubectl";

interface World {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly workspace: LocalWorkspace;
}

const metadata = { name: "scaled", namespace: "default" };
const deployment = (replicas: number | null, terminationGracePeriodSeconds: number): Record<string, unknown> => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  // Its pods need no image: nothing is awaited.
  metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
  spec: {
    ...(replicas === null ? {} : { replicas }),
    selector: { matchLabels: { app: "scaled" } },
    template: {
      metadata: { labels: { app: "scaled" } },
      spec: { terminationGracePeriodSeconds, containers: [{ name: "a", image: "eks-blue-green/echo:1" }] },
    },
  },
});
const autoscaler: Record<string, unknown> = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata,
  spec: {
    minReplicas: 3,
    maxReplicas: 9,
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scaled" },
  },
};

/** @param world what `before` of the caller made. */
export function objectsFacts(world: () => World): void {
  let stack: Stack;
  const program = (objects: readonly Record<string, unknown>[]) => async (): Promise<void> => {
    const files = { byService: { web: objects as unknown as readonly KubernetesObject[] }, readers: [] };
    const cluster = { kubeconfig: pulumi.output(world().kubeconfig), clusterName: "blue" };
    const written = writerOfFiles(files, "blue", cluster);
    assert.ok(written);
    declareFromFiles(written, "blue", { name: "web" }, []);
  };
  const up = (...objects: Record<string, unknown>[]) => stack.up({ program: program(objects) });
  const replicas = (): string =>
    world().kubectl("get", "deployment", "scaled", "-n", "default", "-o", "jsonpath={.spec.replicas}");

  before(async () => (stack = await Stack.create("objects", world().workspace)));

  it("keep their number of pods when an autoscaler is added and the files leave it out", async () => {
    await up(deployment(3, 30));
    assert.equal(replicas(), "3");
    await up(deployment(null, 30), autoscaler);
    assert.equal(replicas(), "3");
  });

  it("keep what the autoscaler has made of it over later updates, whatever the files say", async () => {
    world().kubectl("scale", "deployment", "scaled", "-n", "default", "--replicas=5");
    await up(deployment(null, 31), autoscaler);
    assert.equal(replicas(), "5");
    await up(deployment(2, 32), autoscaler);
    assert.equal(replicas(), "5");
  });

  it("are changed in place where they are settings and secrets: pods that start meanwhile find them", async () => {
    const named = { name: "settings", namespace: "default" };
    const settings = (value: string): Record<string, unknown>[] => [
      { apiVersion: "v1", kind: "ConfigMap", metadata: named, data: { value } },
      { apiVersion: "v1", kind: "Secret", metadata: named, stringData: { value } },
    ];
    const seen = (kind: string, path: string): string =>
      world().kubectl("get", kind, "settings", "-n", "default", "-o", `jsonpath={${path}}`);
    const kinds = ["configmap", "secret"];
    await up(...settings("first"));
    const made = kinds.map((kind) => seen(kind, ".metadata.uid"));
    await up(...settings("second"));
    assert.deepEqual(
      kinds.map((kind) => seen(kind, ".metadata.uid")),
      made,
    );
    assert.equal(seen("configmap", ".data.value"), "second");
    assert.equal(Buffer.from(seen("secret", ".data.value"), "base64").toString(), "second");
  });

  it("are gone at the end", async () => {
    await stack.destroy();
    assert.doesNotMatch(
      world().kubectl("get", "deployments,hpa,configmaps,secrets", "-n", "default", "-o", "name"),
      /scaled|settings/,
    );
  });
}
