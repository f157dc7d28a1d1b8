import assert from "node:assert/strict";
import { eksToken } from "../../../../automation/adapters/kubernetes/eks-token";

describe("EKS token", () => {
  const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] as const;
  const saved = new Map<string, string | undefined>();
  before(() => {
    for (const key of keys) saved.set(key, process.env[key]);
    process.env["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE";
    process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
    delete process.env["AWS_SESSION_TOKEN"];
  });
  after(() => {
    for (const [key, value] of saved) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  });

  it("is a presigned GetCallerIdentity that signs the cluster's name", async () => {
    const token = await eksToken("dev-blue", "eu-west-1");
    assert.match(token, /^k8s-aws-v1\.[\w-]+$/);
    const url = new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString("utf8"));
    assert.equal(url.hostname, "sts.eu-west-1.amazonaws.com");
    assert.equal(url.searchParams.get("Action"), "GetCallerIdentity");
    assert.equal(url.searchParams.get("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
    assert.equal(url.searchParams.get("X-Amz-Expires"), "60");
    assert.match(url.searchParams.get("X-Amz-Credential") ?? "", /^AKIDEXAMPLE\/\d{8}\/eu-west-1\/sts\/aws4_request$/);
    assert.match(url.searchParams.get("X-Amz-Signature") ?? "", /^[0-9a-f]{64}$/);
    assert.equal(url.searchParams.get("x-k8s-aws-id"), null, "the authenticator adds the header itself");
  });

  const hosts: readonly (readonly [region: string, variables: Record<string, string>, host: string])[] = [
    ["us-east-1", {}, "sts.us-east-1.amazonaws.com"],
    ["cn-north-1", {}, "sts.cn-north-1.amazonaws.com.cn"],
    ["us-gov-west-1", {}, "sts.us-gov-west-1.amazonaws.com"],
    ["us-iso-east-1", {}, "sts.us-iso-east-1.c2s.ic.gov"],
    ["eusc-de-east-1", {}, "sts.eusc-de-east-1.amazonaws.eu"],
    ["us-east-2", { AWS_USE_FIPS_ENDPOINT: "true" }, "sts-fips.us-east-2.amazonaws.com"],
    ["eu-west-2", { AWS_USE_DUALSTACK_ENDPOINT: "true" }, "sts.eu-west-2.api.aws"],
    ["eu-west-3", { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, "sts.eu-west-3.amazonaws.com"],
  ];
  for (const [region, variables, host] of hosts)
    it(`names the host that EKS asks in ${region}${Object.keys(variables)
      .map((name) => `, with ${name}`)
      .join("")}`, async () => {
      const before = { ...process.env };
      Object.assign(process.env, variables);
      try {
        const token = await eksToken("dev-blue", region);
        const url = new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString("utf8"));
        assert.equal(url.hostname, host);
      } finally {
        for (const name of Object.keys(variables)) delete process.env[name];
        Object.assign(process.env, before);
      }
    });

  it("is kept for less than its life, and is another one for another cluster", async () => {
    const now = Date.now();
    const first = await eksToken("dev-green", "eu-west-1", now);
    assert.equal(await eksToken("dev-green", "eu-west-1", now + 12 * 60_000), first);
    assert.notEqual(await eksToken("dev-red", "eu-west-1", now), first);
  });
});
