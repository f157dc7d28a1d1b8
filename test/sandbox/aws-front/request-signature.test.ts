/** Signed by AWS's own signer, which knows nothing of ours. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient, ListClustersCommand, ListTagsForResourceCommand } from "@aws-sdk/client-eks";
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { signatureProblem, type SignedRequest } from "../../../sandbox/aws-front/request-signature";
import { signedPost } from "../../../sandbox/shared/signed-post";
import { credentials, hasCode, region, useRig } from "./rig";

class Sha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(data as Uint8Array);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {}
}

const secret = { secretAccessKey: credentials.secretAccessKey, sessionToken: null };
const now = Date.parse("2026-06-01T10:00:00Z");

interface Call {
  readonly service?: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly presigned?: boolean;
  readonly sessionToken?: string;
}

async function signed(call: Call): Promise<SignedRequest> {
  const { service = "eks", method = "GET", path = "/", query = {}, headers = {}, body = "" } = call;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { ...credentials, ...(call.sessionToken ? { sessionToken: call.sessionToken } : {}) },
    sha256: Sha256,
    uriEscapePath: service !== "s3",
    applyChecksum: service === "s3",
  });
  const plain = {
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    port: 4566,
    path,
    query,
    headers: { host: "127.0.0.1:4566", ...headers },
    body,
  };
  const options = { signingDate: new Date(now) };
  const made = call.presigned
    ? await signer.presign(plain, { ...options, expiresIn: 60 })
    : await signer.sign(plain, options);
  const text = (value: string): string =>
    encodeURIComponent(value).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const search = Object.entries(made.query ?? {})
    .flatMap(([name, value]) => [value].flat().map((one) => `${text(name)}=${text(String(one))}`))
    .join("&");
  const lower = Object.fromEntries(Object.entries(made.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { method, target: search === "" ? path : `${path}?${search}`, headers: lower, body: Buffer.from(body) };
}
const problem = (request: SignedRequest, at = now, key: Parameters<typeof signatureProblem>[1] = secret) =>
  signatureProblem(request, key, at);

describe("the signature of a request", () => {
  const calls: Record<string, Call> = {
    "a query service's": {
      service: "elasticloadbalancing",
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "Action=DescribeTargetHealth&Version=2015-12-01",
    },
    "one with an ARN in its path": { path: `/tags/${encodeURIComponent("arn:aws:eks:eu-west-1:1:cluster/blue")}` },
    "one with a query": { path: "/clusters", query: { maxResults: "10", include: ["b", "a"], name: "a b+c*(d)~é" } },
    "one with a body and a target": {
      service: "ssm",
      method: "POST",
      headers: { "x-amz-target": "AmazonSSM.GetParameter", "content-type": "application/x-amz-json-1.1" },
      body: '{"Name":"/aws/x"}',
    },
    "S3's, with its hash": { service: "s3", method: "PUT", path: "/bucket/a%20key//x", body: "data" },
    "S3's without one": {
      service: "s3",
      method: "PUT",
      path: "/bucket/key",
      headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      body: "data",
    },
    "a presigned URL's": { service: "sts", query: { Action: "GetCallerIdentity" }, presigned: true },
    "one with spaces in a header": { headers: { "x-amz-note": "  a   b " } },
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`is taken as AWS's signer makes it: ${name}`, async () => assert.equal(problem(await signed(call)), null));
    it(`is refused when anything of the request was changed: ${name}`, async () => {
      const good = await signed(call);
      assert.match(problem(good, now, { ...secret, secretAccessKey: "other" }) ?? "", /does not match/);
      assert.notEqual(problem({ ...good, method: "DELETE" }), null, "the method");
      assert.notEqual(problem({ ...good, target: good.target.replace("/", "/x") }), null, "the path");
      const more = `${good.target}${good.target.includes("?") ? "&" : "?"}Action=Other`;
      assert.notEqual(problem({ ...good, target: more }), null, "the query");
      assert.notEqual(problem({ ...good, headers: { ...good.headers, host: "evil.example" } }), null, "the host");
      if (!/UNSIGNED/.test(String(good.headers["x-amz-content-sha256"])) && call.presigned !== true)
        assert.notEqual(problem({ ...good, body: Buffer.from("Action=DeleteVpc") }), null, "the body");
    });
  }

  it("holds for any path and query", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1 }).map(encodeURIComponent), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4, noNullPrototype: true }),
        async (segments, query) => {
          const names = Object.keys(query).map((name) => name.toLowerCase());
          fc.pre(!segments.some((one) => one === "." || one === ".."));
          fc.pre(!names.some((name) => name === "__proto__" || name.startsWith("x-amz-")));
          assert.equal(problem(await signed({ path: `/${segments.join("/")}`, query })), null);
        },
      ),
      { numRuns: 200 },
    ));

  it("has its time: a quarter of an hour, or what a presigned URL says", async () => {
    const [plain, presigned] = [await signed({}), await signed({ presigned: true })];
    assert.equal(problem(plain, now + 14 * 60_000), null);
    assert.match(problem(plain, now + 16 * 60_000) ?? "", /expired/);
    assert.match(problem(plain, now - 16 * 60_000) ?? "", /not yet current/);
    assert.equal(problem(presigned, now + 59_000), null);
    assert.match(problem(presigned, now + 61_000) ?? "", /expired/);
  });

  it("has no life that is no number, or none that AWS takes", async () => {
    const good = await signed({ presigned: true });
    for (const life of ["abc", "", "-1", "0", "604801", "1e9", "60.5", "Infinity", "0x20"]) {
      const target = good.target.replace(/X-Amz-Expires=\d+/, `X-Amz-Expires=${life}`);
      assert.notEqual(target, good.target);
      for (const at of [now, now + 3_600_000, now + 30 * 86_400_000])
        assert.match(problem({ ...good, target }, at) ?? "", /X-Amz-Expires must be a number from 1 to 604800/, life);
    }
  });

  it("comes with the token of a temporary key", async () => {
    const temporary = { ...secret, sessionToken: "token/1==" };
    assert.equal(problem(await signed({ sessionToken: "token/1==" }), now, temporary), null);
    assert.equal(problem(await signed({ sessionToken: "token/1==", presigned: true }), now, temporary), null);
    for (const call of [{}, { sessionToken: "another" }])
      assert.match(problem(await signed(call), now, temporary) ?? "", /session token/);
  });

  it("is taken from the sandbox's own parts", () => {
    const target = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" };
    for (const sessionToken of [undefined, "token"]) {
      const post = { host: "127.0.0.1:4566", region, service: "ssm", ...credentials, headers: target, body: "{}" };
      const headers = { ...signedPost({ ...post, sessionToken }, new Date(now)), host: post.host };
      const request = { method: "POST", target: "/", headers, body: Buffer.from(post.body) };
      assert.equal(problem(request, now, { ...secret, sessionToken: sessionToken ?? null }), null);
      assert.notEqual(problem({ ...request, body: Buffer.from("[]") }), null);
    }
  });

  it("is not left out: a key's name alone opens nothing", async () => {
    const good = await signed({});
    const credential = `${credentials.accessKeyId}/20260601/${region}/eks/aws4_request`;
    const none: [string, SignedRequest][] = [
      ["no header", { ...good, headers: { host: "127.0.0.1" } }],
      [
        "a credential in the query",
        { ...good, headers: { host: "127.0.0.1" }, target: `/?X-Amz-Credential=${credential}` },
      ],
      [
        "an empty signature",
        {
          ...good,
          headers: {
            ...good.headers,
            authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=`,
          },
        },
      ],
      [
        "no signed host",
        {
          ...good,
          headers: { ...good.headers, authorization: String(good.headers.authorization).replace("host;", "") },
        },
      ],
      [
        "another algorithm",
        {
          ...good,
          headers: { ...good.headers, authorization: String(good.headers.authorization).replace("HMAC", "NONE") },
        },
      ],
    ];
    for (const [name, request] of none) assert.notEqual(problem(request), null, name);
  });
});

describe("the AWS front", function () {
  this.timeout(60_000);
  const controller = { accessKeyId: "AKIASANDBOXCONTROLLER", secretAccessKey: "the controller's" };
  const isController = (id: string): boolean => id === controller.accessKeyId;
  const rig = useRig(() => ({
    controllerOf: (id) => (isController(id) ? "blue" : null),
    controllerSecret: (id) => (isController(id) ? controller.secretAccessKey : null),
  }));
  const client = <T>(make: new (config: object) => T, secretAccessKey: string, key = credentials): T =>
    new make({
      endpoint: rig().front.url,
      region,
      credentials: { ...key, secretAccessKey },
      maxAttempts: 1,
    });

  it("answers whoever knows the secret, and tells others in each service's words", async () => {
    await client(STSClient, credentials.secretAccessKey).send(new GetCallerIdentityCommand({}));
    const arn = `arn:aws:eks:${region}:123456789012:cluster/none`;
    await assert.rejects(
      client(EKSClient, credentials.secretAccessKey).send(new ListTagsForResourceCommand({ resourceArn: arn })),
      hasCode("ResourceNotFoundException"),
    );
    const wrong = "guessed";
    await assert.rejects(
      client(STSClient, wrong).send(new GetCallerIdentityCommand({})),
      hasCode("SignatureDoesNotMatch"),
    );
    await assert.rejects(client(EC2Client, wrong).send(new DescribeVpcsCommand({})), hasCode("AuthFailure"));
    await assert.rejects(
      client(EKSClient, wrong).send(new ListClustersCommand({})),
      hasCode("InvalidSignatureException"),
    );
    await assert.rejects(
      client(ElasticLoadBalancingV2Client, wrong).send(new DescribeLoadBalancersCommand({})),
      hasCode("SignatureDoesNotMatch"),
    );
    await assert.rejects(
      client(STSClient, wrong).send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: "x" })),
      hasCode("SignatureDoesNotMatch"),
    );
  });

  it("knows each controller by its own secret", async () => {
    const who = new GetCallerIdentityCommand({});
    await client(STSClient, controller.secretAccessKey, controller).send(who);
    for (const secret of [credentials.secretAccessKey, "guessed"])
      await assert.rejects(client(STSClient, secret, controller).send(who), hasCode("SignatureDoesNotMatch"));
  });

  it("knows keys that were made through it by their own secret, temporary ones with their token", async () => {
    const iam = client(IAMClient, credentials.secretAccessKey);
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    const own = { accessKeyId: made?.AccessKeyId ?? "", secretAccessKey: made?.SecretAccessKey ?? "" };
    const who = new GetCallerIdentityCommand({});
    await client(STSClient, own.secretAccessKey, own).send(who);
    await assert.rejects(client(STSClient, "guessed", own).send(who), hasCode("SignatureDoesNotMatch"));
    const trust = { Version: "2012-10-17", Statement: { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" } };
    const { Role: role } = await iam.send(
      new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: JSON.stringify(trust) }),
    );
    const { Credentials: given } = await client(STSClient, credentials.secretAccessKey).send(
      new AssumeRoleCommand({ RoleArn: role?.Arn ?? "", RoleSessionName: "x" }),
    );
    const temporary = {
      accessKeyId: given?.AccessKeyId ?? "",
      secretAccessKey: given?.SecretAccessKey ?? "",
      sessionToken: given?.SessionToken ?? "",
    };
    await client(STSClient, temporary.secretAccessKey, temporary).send(who);
    for (const sessionToken of [undefined, "guessed"])
      await assert.rejects(
        client(STSClient, temporary.secretAccessKey, { ...temporary, sessionToken } as never).send(who),
        hasCode("SignatureDoesNotMatch"),
      );
  });

  /** Sent as it is: `fetch` would put a Host of its own in. */
  const ask = (
    path: string,
    headers: Record<string, string>,
    method = "GET",
  ): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(rig().front.url);
      const call = httpRequest({ host: hostname, port, path, method, headers, agent: false }, (answer) => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (text: string) => (body += text));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      });
      call.on("error", reject);
      call.end();
    });

  it("never says its key to whoever has another one, and takes no key without a signature", async () => {
    const of = (key: string): string => `${key}/20260601/${region}/eks/aws4_request`;
    const stranger = await ask(`/clusters?X-Amz-Credential=${of("AKIAGUESS")}`, {});
    assert.equal(stranger.status, 403);
    assert.doesNotMatch(stranger.body, new RegExp(credentials.accessKeyId));
    for (const path of [
      `/clusters?X-Amz-Credential=${of(credentials.accessKeyId)}`,
      `/?Action=DescribeVpcs&Version=2016-11-15&X-Amz-Credential=${of(credentials.accessKeyId).replace("eks", "ec2")}`,
      "/moto-api/reset",
    ])
      assert.ok((await ask(path, {}, "POST")).status >= 401, path);
  });

  it("answers no web page: by a name of its own, or from another origin", async () => {
    for (const headers of [
      { host: "evil.example" },
      { host: `evil.example:${new URL(rig().front.url).port}` },
      { origin: "http://evil.example" },
      { origin: "null" },
      { host: "127.0.0.1.evil.example" },
    ] as Record<string, string>[]) {
      const answer = await ask("/clusters", headers, "POST");
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.match(answer.body, /Only programs of this machine/);
    }
  });
});
