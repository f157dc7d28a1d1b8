import assert from "node:assert/strict";
import { failureOf, gist, LockedError } from "../../../../../automation/adapters/pulumi/engine/failures";
import { protectedUrns, readingOf } from "../../../../../automation/adapters/pulumi/state/read";

const lockText =
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the " +
  "lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/p/dev/1.json: created by root@vm (pid " +
  "4711) at 2026-01-01T00:00:00Z";
/** Diagnostics of the program or the engine. */
const told = (...texts: string[]): { text: string; urn: string }[] => texts.map((text) => ({ text, urn: "" }));
const about = (type: string, text: string): { text: string; urn: string } => ({
  text,
  urn: `urn:pulumi:dev-blue::p::eks-blue-green:index:Cluster$${type}::web`,
});
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
      failureOf("dev", "update", new Error("x"), told("cluster is unreachable", "update failed")).message,
      "update of dev failed: cluster is unreachable",
    );
    // What the user's own program throws, whatever its words, without where in the program.
    const thrown =
      "Unhandled exception: Error: no such queue\n    at main (/tmp/ebg-error/program.js:16:15)\nerror: again";
    assert.equal(gist(thrown), "no such queue\nerror: again");
    assert.match(gist("Updating (dev):\n\u001b[31merror: no\u001b[0m\nResources:\n"), /^error: no$/);
  });

  it("tells a provider's list of errors without its count: notes show the first line alone", () => {
    const text = '1 error occurred:\n\t* Helm release "kube-system/lbc" failed to initialize completely\n\n';
    assert.equal(
      failureOf("dev", "update", new Error("x"), told(text)).message,
      'update of dev failed: Helm release "kube-system/lbc" failed to initialize completely',
    );
  });

  it("says where to look when nobody answers for a webhook, which a preview asks too", () => {
    const text =
      'error: Preview failed: Internal error occurred: failed calling webhook "vtargetgroupbinding.elbv2.k8s.aws": ' +
      'failed to call webhook: Post "https://aws-load-balancer-webhook-service.kube-system.svc:443/validate?timeout=' +
      '10s": context deadline exceeded';
    const failure = failureOf("dev-green", "preview", new Error("x"), told(text));
    assert.equal(failure.code, "EBG-UPDATE-FAILED");
    assert.match(failure.message, /^preview of dev-green failed: .*failed calling webhook/);
    assert.equal(
      failure.remedy,
      "see why no pod answers for the webhook vtargetgroupbinding.elbv2.k8s.aws (kubectl --context dev-green -n " +
        "kube-system describe service aws-load-balancer-webhook-service), then run the same command again",
    );
    const denied = text.replace("failed calling", "denied by").replace("failed to call webhook", "no");
    assert.match(failureOf("dev-green", "preview", new Error("x"), told(denied)).remedy, /^pulumi preview --stack/);
  });

  it("tells a config's problems, not only how many they are", () => {
    const message = failureOf(
      "dev",
      "preview",
      new Error("x"),
      told(
        "ConfigError: The config of environment 'dev' has 1 problem:\n  - network.existing: null: can't change. " +
          "Keep it\n    at declare (program.js:1:1)",
      ),
    ).message;
    assert.equal(
      message,
      "preview of dev failed: ConfigError: The config of environment 'dev' has 1 problem:\n- network.existing: " +
        "null: can't change. Keep it",
    );
  });

  it("tells the cause, and not what the update did not come to because of it; unless nothing else is known", () => {
    const missed =
      "expected resource operations for urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::web but none were seen";
    assert.equal(
      failureOf(
        "dev",
        "update",
        new Error("x"),
        told(missed, "create web (kubernetes:core/v1:Namespace): throttled", missed, "update failed"),
      ).message,
      "update of dev failed: create web (kubernetes:core/v1:Namespace): throttled",
    );
    assert.match(failureOf("dev", "update", new Error("x"), told(missed)).message, /none were seen/);
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
      const error = failureOf("dev-green", "update", new Error("update failed"), told(text));
      assert.equal(error.code, "EBG-CREDENTIALS", text);
    }
  });

  it("that tells of somebody else's credentials may pass", () => {
    for (const text of [
      'admission webhook "mtargetgroupbinding.elbv2.k8s.aws" denied the request: AccessDenied: api error AuthFailure',
      "creating EKS Node Group: AccessDenied: the role that was made a moment ago can't be assumed yet",
      "NodeCreationFailure: instances failed to join the cluster; unauthorised is not a word of the table",
    ])
      assert.equal(failureOf("dev-green", "update", new Error("x"), told(text)).code, "EBG-UPDATE-FAILED", text);
  });
});

describe("words of a container in the engine's output", () => {
  const role = "arn:aws:iam::111122223333:role/any";
  const denied =
    "api error AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ci/1 is not authorized to perform: " +
    `iam:PassRole on resource: ${role} because no identity-based policy allows it`;
  /** What a pod may say when it ends, each line as it likes. */
  const forged = [
    denied,
    `operation error IAM: PassRole, https response error StatusCode: 403, ${denied}`,
    `    error: creating IAM Role: ${denied}`,
    "Error: EBG-STOPPED: stopped",
    "error: Unhandled exception: Error: EBG-FENCED: another driver",
    "error: the stack is currently locked by 1 lock(s) created by root@vm (pid 1) at 2026-01-01T00:00:00Z",
    "error: no stack named 'dev' found",
    "incorrect passphrase",
    "spawn pulumi ENOENT",
    "api error ExpiredTokenException: The security token included in the request is expired",
  ];
  /** As the CLI prints the diagnostics of an update. */
  const printed = (text: string): string =>
    "code: 255\n stdout: Updating (dev):\n +  kubernetes:core/v1:Pod web **creating failed** error: " +
    `${text.trim()}\nDiagnostics:\n  kubernetes:core/v1:Pod (web):\n    error: it ended\n` +
    `      aws:iam/role:Role (blue):\n    ${text}\n  pulumi:pulumi:Stack (p-dev):\n    error: update failed\n` +
    " stderr: error: update failed\n err?: \n";

  for (const text of forged)
    it(`choose neither code nor remedy: ${text.trim().slice(0, 70)}`, () => {
      const failures = [
        failureOf("dev", "update", new Error("x"), [about("kubernetes:core/v1:Pod", `web: it ended:\n${text}`)]),
        failureOf("dev", "update", new Error(printed(text)), [about("kubernetes:helm.sh/v3:Release", text)]),
        failureOf("dev", "pulumi refresh", new Error(printed(text)), []),
      ];
      for (const { code, remedy } of failures) {
        assert.equal(code, "EBG-UPDATE-FAILED");
        assert.match(remedy, /^pulumi preview /);
      }
    });

  it("are not those of AWS's provider, of the program and of the engine, whichever way they are told", () => {
    const remedies = [
      failureOf("dev", "update", new Error("x"), [about("aws:iam/role:Role", `creating IAM Role (x): ${denied}`)]),
      failureOf("dev", "update", new Error("x"), told(`invocation of aws:iam/getRole:getRole returned: ${denied}`)),
      failureOf(
        "dev",
        "r",
        new Error(`Diagnostics:\n  aws:iam/role:Role (blue):\n    error: reading: ${denied}\n`),
        [],
      ),
      failureOf("dev", "pulumi stack", new Error(`code: 255\n stdout: \n stderr: error: read blob: ${denied}\n`), []),
    ].map(({ remedy }) => remedy);
    for (const remedy of remedies) assert.match(remedy, /^allow iam:PassRole on arn:\S+ to arn:aws:sts::/);
    const program = (text: string) =>
      failureOf("dev", "u", new Error("x"), [{ text, urn: "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev" }]).code;
    assert.equal(
      program("Unhandled exception: Error: EBG-FOREIGN-STACK: not ours\n    at x.js:1"),
      "EBG-FOREIGN-STACK",
    );
    assert.equal(program("Unhandled exception: Error: EBG-FENCED: moved on\n    at x.js:1"), "EBG-FENCED");
    assert.equal(program("Error: it said 'EBG-FENCED: moved on'"), "EBG-UPDATE-FAILED");
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
