import assert from "node:assert/strict";
import { identityPatch } from "../../../sandbox/pod-identity/inject";

const pod = (change: object = {}) => ({
  spec: {
    serviceAccountName: "web",
    containers: [{ name: "web" }, { name: "proxy", env: [{ name: "A" }] }],
    ...change,
  },
});
const known = [{ namespace: "shop", serviceAccount: "web", createdAt: 1000 }];
const at = { region: "eu-west-1", spreadMs: 500, now: 2000 };
interface Operation {
  readonly path: string;
  readonly value: readonly { readonly name: string; readonly env?: readonly { readonly name: string }[] }[];
}
const patchOf = (...args: Parameters<typeof identityPatch>) => identityPatch(...args) as readonly Operation[] | null;

describe("credentials of pods in the sandbox, as EKS's webhook gives them", () => {
  it("come to every container of an account that has an association, with the token's volume", () => {
    const patch = patchOf(pod({ initContainers: [{ name: "log" }], volumes: [{ name: "v" }] }), "shop", known, at);
    assert.ok(patch !== null);
    assert.deepEqual(
      patch.map(({ path }) => path),
      ["/spec/containers", "/spec/initContainers", "/spec/volumes"],
    );
    for (const { value } of patch.slice(0, 2))
      for (const { env } of value) assert.ok(env?.some(({ name }) => name === "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    assert.equal(patch[0]?.value[1]?.env?.[0]?.name, "A", "what the pod says stays");
    assert.deepEqual(
      patch[2]?.value.map(({ name }) => name),
      ["v", "eks-pod-identity-token"],
    );
  });

  it("don't come to others, nor before EKS has spread the association, nor twice", () => {
    assert.equal(patchOf(pod({ serviceAccountName: undefined }), "shop", known, at), null);
    assert.equal(patchOf(pod(), "other", known, at), null);
    assert.equal(patchOf(pod(), "shop", [], at), null);
    assert.equal(patchOf(pod(), "shop", known, { ...at, now: 1499 }), null);
    assert.ok(patchOf(pod(), "shop", known, { ...at, now: 1500 }));
    assert.equal(patchOf(pod({ volumes: [{ name: "eks-pod-identity-token" }] }), "shop", known, at), null);
  });
});
