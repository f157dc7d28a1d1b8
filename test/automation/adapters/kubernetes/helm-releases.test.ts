import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { decodeRelease, encodeRelease } from "../../../../automation/adapters/kubernetes/helm-releases";

// The rest is Secrets of a real API server, read and written as any other object.
describe("Helm's record of a release", () => {
  const release = { name: "controller", info: { status: "pending-install" }, chart: { templates: [{ data: "ä=" }] } };
  const stored = (bytes: Buffer): string => Buffer.from(bytes.toString("base64")).toString("base64");

  it("is read as Helm writes it: packed, and in base64 twice", () =>
    assert.deepEqual(decodeRelease(stored(gzipSync(JSON.stringify(release)))), release));
  it("is read as Helm 2 wrote it, which did not pack", () =>
    assert.deepEqual(decodeRelease(stored(Buffer.from(JSON.stringify(release)))), release));
  it("is written as it is read", () => assert.deepEqual(decodeRelease(encodeRelease(release)), release));
});
