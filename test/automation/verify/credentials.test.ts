import assert from "node:assert/strict";
import type { Reading } from "../../../automation/ports/readings";
import type { PodIdentities } from "../../../automation/ports/pod-identities";
import { credentialChecks } from "../../../automation/verify/checks/credentials";
import type { Inspection } from "../../../automation/verify/inspection";

const inspection = (pods: Reading<PodIdentities>, role = "active", reachable = true): Inspection =>
  ({
    environment: { environment: "dev", config: {} },
    placement: { blue: { role, version: "1.35", workload: "running" } },
    observation: { members: { blue: { name: "blue", reachable } } },
    members: { blue: { identities: [{ namespace: "shop", deployment: "web", account: "web", pods }] } },
  }) as unknown as Inspection;
const seen = (given: string[], lacking: string[]): Reading<PodIdentities> => ({
  kind: "seen",
  value: { given, lacking },
});
const said = (...args: Parameters<typeof inspection>): string[] =>
  credentialChecks(inspection(...args)).map(
    ({ code, subject, status, severity }) => `${code} ${subject} ${status} ${severity}`,
  );

describe("verify, of credentials of pods", () => {
  it("passes when all pods have them, and says nothing where none runs or nobody answers", () => {
    assert.deepEqual(said(seen(["web-1"], [])), ["EBG-V-CREDENTIALS blue/web passed required"]);
    assert.deepEqual(said(seen([], [])), ["EBG-V-CREDENTIALS blue/web skipped required"]);
    assert.deepEqual(said(seen(["web-1"], []), "active", false), []);
    assert.deepEqual(credentialChecks({ ...inspection(seen([], [])), members: {} }), []);
  });
  it("fails on a member that serves, advises on one that stands by, and names the way out", () => {
    assert.deepEqual(said(seen(["web-1"], ["web-2"])), ["EBG-V-CREDENTIALS blue/web failed required"]);
    assert.deepEqual(said(seen([], ["web-2"]), "standby"), ["EBG-V-CREDENTIALS blue/web failed recommended"]);
    const [check] = credentialChecks(inspection(seen([], ["web-2"])));
    assert.match(check?.message ?? "", /^web-2 got no credentials for ServiceAccount web$/);
    assert.match(check?.remedy ?? "", /--cluster-name dev-blue .*eks-blue-green up --stack dev, which makes/);
  });
  it("is unknown where pods can't be read", () =>
    assert.deepEqual(said({ kind: "unknown", why: "forbidden" }), ["EBG-V-CREDENTIALS blue/web unknown required"]));
});
