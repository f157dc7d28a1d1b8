import assert from "node:assert/strict";
import { ApiError } from "../../../../sandbox/kubernetes/api-client";
import type { Pod } from "../../../../sandbox/kubernetes/types";
import { volumesAreThere } from "../../../../sandbox/node-agent/containers/volumes";

const there = new Set(["/api/v1/namespaces/shop/secrets/keys", "/api/v1/namespaces/shop/configmaps/settings"]);
const client = {
  get: async <T>(path: string): Promise<T> => {
    if (!there.has(path)) throw new ApiError(404, "NotFound", path);
    return {} as T;
  },
};
const podWith = (...volumes: object[]): Pod =>
  ({ metadata: { name: "p", namespace: "shop" }, spec: { containers: [], volumes } }) as unknown as Pod;

describe("volumes of a pod", () => {
  it("are there when their ConfigMaps and Secrets are, or are optional, or are of another kind", () =>
    volumesAreThere(
      client,
      podWith(
        { name: "a", secret: { secretName: "keys" } },
        { name: "b", configMap: { name: "settings" } },
        { name: "c", configMap: { name: "none", optional: true } },
        { name: "d", emptyDir: {} },
        { name: "e", projected: { sources: [] } },
      ),
    ));

  for (const [volume, message] of [
    [{ name: "a", secret: { secretName: "none" } }, /volume "a": secret "none" not found/],
    [{ name: "b", configMap: { name: "none" } }, /volume "b": configmap "none" not found/],
  ] as const)
    it(`keep the pod from starting: ${JSON.stringify(volume)}`, () =>
      assert.rejects(volumesAreThere(client, podWith(volume)), { name: "CreateContainerConfigError", message }));
});
