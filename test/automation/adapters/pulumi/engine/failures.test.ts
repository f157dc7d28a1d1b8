import assert from "node:assert/strict";
import { failureOf, gist, LockedError } from "../../../../../automation/adapters/pulumi/engine/failures";
import { protectedUrns, readingOf } from "../../../../../automation/adapters/pulumi/state/read";

const lockText =
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the " +
  "lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/p/dev/1.json: created by root@vm (pid " +
  "4711) at 2026-01-01T00:00:00Z";
const cases: readonly [string, string, string][] = [
  ["a lock", lockText, "EBG-STACK-LOCKED"],
  ["a fence", "error: Unhandled exception: Error: EBG-FENCED: record has 4, expected 3", "EBG-FENCED"],
  ["a lost record", "Error: EBG-RECORD-LOST: no outputs", "EBG-RECORD-LOST"],
  ["a stack that is not there", "error: no stack named 'dev' found", "EBG-UNKNOWN-STACK"],
  ["no engine", "Command failed with ENOENT: pulumi version\nspawn pulumi ENOENT", "EBG-TOOL-MISSING"],
  ["a wrong passphrase", "error: get stack secrets provider: incorrect passphrase", "EBG-CREDENTIALS"],
  ["anything else", "error: webhook refused", "EBG-UPDATE-FAILED"],
];

describe("failures of the engine", () => {
  for (const [name, text, code] of cases) {
    it(`knows ${name}`, () => {
      const failure = failureOf("dev", "update", new Error(text), []);
      assert.equal(failure.code, code);
      assert.ok(failure.remedy.length > 10);
    });
  }

  it("names a lock's holder and how to unlock", () => {
    const failure = failureOf("dev", "update", new Error(lockText), []);
    assert.ok(failure instanceof LockedError);
    assert.deepEqual(failure.holder, { user: "root", host: "vm", pid: 4711, since: "2026-01-01T00:00:00Z" });
    assert.match(failure.message, /root@vm \(pid 4711\)/);
    assert.match(failure.remedy, /pulumi cancel --stack dev/);
  });

  it("prefers telling diagnostics to the engine's last word", () => {
    assert.equal(
      failureOf("dev", "update", new Error("x"), ["cluster is unreachable", "update failed"]).message,
      "update of dev failed: cluster is unreachable",
    );
    assert.match(gist("Updating (dev):\n\u001b[31merror: no\u001b[0m\nResources:\n"), /^error: no$/);
  });

  it("tells a config's problems, not only how many they are", () => {
    const told = failureOf("dev", "preview", new Error("x"), [
      "ConfigError: The config of environment 'dev' has 1 problem:\n  - network.existing: null: can't change. " +
        "Keep it\n    at declare (program.js:1:1)",
    ]).message;
    assert.equal(
      told,
      "preview of dev failed: ConfigError: The config of environment 'dev' has 1 problem:\n- network.existing: " +
        "null: can't change. Keep it",
    );
  });

  it("tells the cause, and not what the update did not come to because of it; unless nothing else is known", () => {
    const missed =
      "expected resource operations for urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::web but none were seen";
    assert.equal(
      failureOf("dev", "update", new Error("x"), [
        missed,
        "create web (kubernetes:core/v1:Namespace): throttled",
        missed,
        "update failed",
      ]).message,
      "update of dev failed: create web (kubernetes:core/v1:Namespace): throttled",
    );
    assert.match(failureOf("dev", "update", new Error("x"), [missed]).message, /none were seen/);
  });

  it("that is one of credentials is told as such, and needs no second attempt", () => {
    for (const text of [
      "operation error EKS: DescribeCluster, api error ExpiredTokenException: The security token included in the request is expired",
      'blob (key ".pulumi/stacks/p/dev.json") (code=Unknown): ExpiredToken: The provided token has expired.',
      "api error RequestExpired: Request has expired.",
      "api error AuthFailure: AWS was not able to validate the provided access credentials",
      "api error UnauthorizedOperation: You are not authorized to perform this operation.",
      "Error refreshing SSO token: the SSO session has expired or is invalid",
      "Invalid credentials configured.",
      'oauth2: "invalid_grant" "Token has been expired or revoked."',
    ]) {
      const error = failureOf("dev-green", "update", new Error("update failed"), [text]);
      assert.equal(error.code, "EBG-CREDENTIALS", text);
    }
  });

  it("that tells of somebody else's credentials may pass", () => {
    for (const text of [
      'admission webhook "mtargetgroupbinding.elbv2.k8s.aws" denied the request: AccessDenied: api error AuthFailure',
      "creating EKS Node Group: AccessDenied: the role that was made a moment ago can't be assumed yet",
      "NodeCreationFailure: instances failed to join the cluster; unauthorised is not a word of the table",
    ])
      assert.equal(failureOf("dev-green", "update", new Error("x"), [text]).code, "EBG-UPDATE-FAILED", text);
  });
});

describe("state file", () => {
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify({ token: "t" }),
  };
  const state = {
    deployment: {
      resources: [
        { urn: "urn:s", type: "pulumi:pulumi:Stack", outputs: { schemaVersion: 1, inner: [secret] } },
        { urn: "urn:p", type: "pulumi:providers:aws" },
        { urn: "urn:b", type: "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", protect: true },
        { urn: "urn:d", type: "kubernetes:apps/v1:Deployment", protect: true },
      ],
      pending_operations: [{ resource: { urn: "urn:c", type: "aws:eks/cluster:Cluster" }, type: "creating" }],
    },
  };
  it("is read: outputs with their secrets opened, resources counted, pending operations named", () => {
    assert.deepEqual(readingOf(state), {
      exists: true,
      resources: 2,
      outputs: { schemaVersion: 1, inner: [{ token: "t" }] },
      pendingOperations: [{ urn: "urn:c", type: "aws:eks/cluster:Cluster", operation: "creating" }],
    });
    assert.equal(
      readingOf({ deployment: { resources: [{ urn: "urn:s", type: "pulumi:pulumi:Stack", outputs: {} }] } }).outputs,
      null,
    );
  });
  it("tells which bindings are protected", () => {
    assert.deepEqual(
      protectedUrns(state, (type) => type.endsWith(":TargetGroupBinding")),
      ["urn:b"],
    );
  });
});
