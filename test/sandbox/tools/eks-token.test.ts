/** The sandbox's own `aws eks get-token` is the CLI's in the plain case, and leaves every other case to it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkToken } from "../../../sandbox/aws-front/tokens";
import { packageRoot } from "../../../sandbox/processes/scripts";
import { resolveTools } from "../../../sandbox/tools/index";

const credentials = { accessKeyId: "AKIASANDBOXTEST", secretAccessKey: "secret/key+1" };
const plain = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: "eu-west-1",
  AWS_DEFAULT_REGION: "eu-west-1",
  AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
};

interface Credential {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: object;
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

describe("the sandbox's `aws eks get-token`", function () {
  this.timeout(60_000);
  let [dir, python, aws, fakeCli] = ["", "", "", ""];

  before(async () => {
    ({ python, aws } = await resolveTools({ onProgress: () => undefined }));
    dir = mkdtempSync(join(tmpdir(), "ebg-token-"));
    fakeCli = join(dir, "aws");
    writeFileSync(fakeCli, '#!/bin/sh\necho "the CLI: $*"\n', { mode: 0o755 });
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const run = (command: string, args: readonly string[], env: object): string => {
    const ended = spawnSync(command, args, { env: { HOME: dir, ...env }, encoding: "utf8", timeout: 30_000 });
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  };
  const ours = (cli: string, args: readonly string[], env: object = plain): string =>
    run(python, ["-IS", join(packageRoot(), "sandbox/tools/python/eks_token.py"), cli, ...args], env);
  const words = ["eks", "get-token", "--cluster-name", "dev-blue", "--output", "json"];

  /** What a credential says apart from when it was made, and by that from its signature. */
  const lasting = (text: string): object => {
    const { status, ...rest } = JSON.parse(text) as Credential;
    const url = new URL(Buffer.from(status.token.slice("k8s-aws-v1.".length), "base64url").toString());
    for (const name of ["X-Amz-Date", "X-Amz-Signature"]) {
      assert.ok(url.searchParams.get(name), `${name} is in the URL`);
      url.searchParams.delete(name);
    }
    assert.match(status.expirationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    return { ...rest, url: url.href.replace(/20\d{6}/, "DAY") };
  };

  it("says what the CLI says, for the client's version of the API too", () => {
    const asked = { ...plain, KUBERNETES_EXEC_INFO: '{"apiVersion":"client.authentication.k8s.io/v1"}' };
    for (const env of [plain, asked]) assert.deepEqual(lasting(ours(aws, words, env)), lasting(run(aws, words, env)));
  });

  it("gives a token that the cluster's authenticator takes, and no other cluster's", () => {
    const { status } = JSON.parse(ours(aws, words)) as Credential;
    const options = { accountId: "1", callerArn: "arn", credentials, now: Date.now };
    assert.deepEqual(checkToken(status.token, "dev-blue", options), { ok: true, principalArn: "arn" });
    assert.equal(checkToken(status.token, "dev-green", options).ok, false);
  });

  const cliOnly: readonly (readonly [string, readonly string[], object])[] = [
    ["a role", [...words, "--role-arn", "arn:aws:iam::1:role/x"], plain],
    ["another output", ["eks", "get-token", "--cluster-name", "b", "--output", "yaml"], plain],
    ["no cluster", ["eks", "get-token", "--output", "json"], plain],
    ["a flag without a value", [...words, "--debug"], plain],
    ["an option that lacks its value", ["eks", "get-token", "--cluster-name", "--output"], plain],
    ["a profile", words, { ...plain, AWS_PROFILE: "people" }],
    ["a session", words, { ...plain, AWS_SESSION_TOKEN: "t" }],
    ["keys in a file", words, { ...plain, AWS_SECRET_ACCESS_KEY: "" }],
    ["no region", words, { ...plain, AWS_REGION: "", AWS_DEFAULT_REGION: "" }],
    ["a client of an old API", words, { ...plain, KUBERNETES_EXEC_INFO: '{"apiVersion":"v1alpha1"}' }],
    ["a client that says nonsense", words, { ...plain, KUBERNETES_EXEC_INFO: "{" }],
  ];
  for (const [title, args, env] of cliOnly)
    it(`leaves ${title} to the CLI`, () => assert.equal(ours(fakeCli, args, env), `the CLI: ${args.join(" ")}\n`));
});
