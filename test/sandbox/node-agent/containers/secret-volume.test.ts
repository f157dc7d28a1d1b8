import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError, type ApiClient } from "../../../../sandbox/kubernetes/api-client";
import type { ContainerSpec, Pod } from "../../../../sandbox/kubernetes/types";
import { mountSecret } from "../../../../sandbox/node-agent/containers/secret-volume";
import { until } from "../harness";

const container: ContainerSpec = { name: "one", volumeMounts: [{ name: "cert", mountPath: "/certs" }] };
const podWith = (optional: boolean): Pod => ({
  metadata: { name: "pod", namespace: "kube-system", uid: "uid" },
  spec: { containers: [container], volumes: [{ name: "cert", secret: { secretName: "tls", optional } }] },
});

describe("a mounted Secret", () => {
  let folder = "";
  let data: Record<string, string> | null = null;
  const asked: string[] = [];
  const ended = (): AbortController => new AbortController();
  const client = {
    get: (path: string) => {
      asked.push(path);
      return data === null ? Promise.reject(new ApiError(404, "NotFound", "no")) : Promise.resolve({ data });
    },
  } as unknown as ApiClient;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ebg-volume-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is files in a folder, follows the Secret, and goes with the container", async () => {
    data = { "tls.crt": base64("first") };
    const end = ended();
    const mounted = await mountSecret(podWith(false), container, {
      client,
      folder,
      timeScale: 600,
      signal: end.signal,
    });
    const file = join(mounted ?? "", "tls.crt");
    assert.equal(readFileSync(file, "utf8"), "first");
    assert.equal(asked.at(-1), "/api/v1/namespaces/kube-system/secrets/tls");
    data = { "tls.crt": base64("second") };
    // Not at once: a kubelet looks again only with its next sync.
    assert.equal(readFileSync(file, "utf8"), "first");
    await until("the new text", () => readFileSync(file, "utf8") === "second");
    data = null;
    end.abort();
    await until("the folder to go", () => !existsSync(mounted ?? ""));
  });
  it("is waited for, unless it is optional", async () => {
    data = null;
    const settings = { client, folder, timeScale: 600, signal: AbortSignal.abort() };
    await assert.rejects(mountSecret(podWith(false), container, settings), /secret "tls" not found/);
    assert.notEqual(await mountSecret(podWith(true), container, settings), null);
  });
  it("is nothing for a container that mounts none", async () => {
    const settings = { client, folder, timeScale: 600, signal: AbortSignal.abort() };
    assert.equal(await mountSecret(podWith(false), { name: "other" }, settings), null);
  });
});
