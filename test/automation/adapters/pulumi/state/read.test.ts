import assert from "node:assert/strict";
import { hasSecretOutputs, readingOf } from "../../../../../automation/adapters/pulumi/state/read";

const signature = "4dabf18193072939515e22adb298388d";
const secret = (value: object) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", ...value });
const stateWith = (outputs: Record<string, unknown>, others: Record<string, unknown> = {}) => ({
  deployment: {
    resources: [
      { urn: "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", type: "pulumi:pulumi:Stack", outputs },
      { urn: "urn:pulumi:dev::p::aws:x/y:Y::y", type: "aws:x/y:Y", custom: true, outputs: others },
    ],
  },
});

describe("a stack's exported state", () => {
  it("is to be decrypted only when the stack's own outputs hold a secret, however deep", () => {
    const encrypted = secret({ ciphertext: "v1:abc" });
    assert.equal(hasSecretOutputs(stateWith({ record: { revision: 1 } }, { password: encrypted })), false);
    assert.equal(hasSecretOutputs(stateWith({ name: encrypted })), true);
    assert.equal(hasSecretOutputs(stateWith({ services: [{ config: { token: encrypted } }] })), true);
    assert.equal(hasSecretOutputs(stateWith({ name: secret({ plaintext: '"shown"' }) })), false);
    assert.equal(hasSecretOutputs({ deployment: {} }), false);
  });

  it("gives secrets that are shown as values", () => {
    const state = stateWith({ name: secret({ plaintext: '"shown"' }), list: [secret({ plaintext: "{}" })] });
    assert.deepEqual(readingOf(state).outputs, { name: "shown", list: [{}] });
  });
});
