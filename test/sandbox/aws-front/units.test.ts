import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressPool } from "../../../sandbox/aws-front/address-pool";
import { contains, ipv4, ipv4Text } from "../../../sandbox/aws-front/cidr";
import { Faults, matches } from "../../../sandbox/aws-front/faults";
import { parseQuery } from "../../../sandbox/aws-front/query";
import { type Group, reachability } from "../../../sandbox/aws-front/security-groups";
import type { AwsError } from "../../../sandbox/aws-front/aws-error";
import { scopeOf } from "../../../sandbox/aws-front/scope";
import { checkToken } from "../../../sandbox/aws-front/tokens";
import { clusterToken } from "../../../sandbox/providers/aws/eks-token";
import { escapeXml, toXml } from "../../../sandbox/aws-front/xml";

describe("AWS front, parts", () => {
  it("reads lists of objects in order, beyond nine members", () => {
    const body = Array.from({ length: 12 }, (_, index) => `T.member.${12 - index}.Id=i${12 - index}`).join("&");
    assert.deepEqual(
      parseQuery(body)["T"],
      Array.from({ length: 12 }, (_, index) => ({ Id: `i${index + 1}` })),
    );
    assert.equal(({} as Record<string, unknown>)["Id"], parseQuery("__proto__.Id=x")["Id"]);
  });

  it("writes XML that can't be broken out of", () => {
    fc.assert(fc.property(fc.string(), (text) => !/[<>"]/.test(escapeXml(text))));
    assert.equal(
      toXml({ A: [{ B: 1 }, { B: undefined }], C: false }),
      "<A><member><B>1</B></member><member></member></A><C>false</C>",
    );
  });

  it("reads addresses", () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        (address) =>
          ipv4Text(ipv4(address) ?? -1) === address &&
          contains("0.0.0.0/0", address) &&
          contains(`${address}/32`, address),
      ),
    );
    assert.equal(contains("10.0.0.0/24", "10.0.1.0"), false);
    assert.equal(ipv4("10.0.0.256"), null);
  });

  it("never hands out an address twice, and a released one last", () => {
    const pool = new AddressPool();
    const first = pool.allocate("10.0.0.0/28", 5, new Set(["10.0.0.5"]));
    assert.deepEqual(first, ["10.0.0.4", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.9"]);
    pool.release(first);
    assert.deepEqual(pool.allocate("10.0.0.0/28", 6, new Set(["10.0.0.5"])).slice(0, 5), [
      "10.0.0.10",
      "10.0.0.11",
      "10.0.0.12",
      "10.0.0.13",
      "10.0.0.14",
    ]);
    assert.throws(() => pool.allocate("10.0.0.0/28", 9, new Set()), /InsufficientFreeAddresses/);
  });

  it("counts a fault's hits and drops it", () => {
    const faults = new Faults();
    faults.add({ operation: "elbv2:RegisterTargets", kind: "throttle", count: 2 });
    assert.equal(faults.take({ service: "elasticloadbalancing", action: "DescribeTags" }), null);
    assert.equal(faults.take({ service: "elasticloadbalancing", action: "RegisterTargets" })?.hits, 1);
    assert.equal(faults.take({ service: "elasticloadbalancing", action: "RegisterTargets" })?.hits, 2);
    assert.deepEqual(faults.list(), []);
    assert.throws(() => faults.add({ operation: "*", kind: "explode" }), { code: "SBX-FAULT" });
    assert.equal(matches("eks:*", "ec2", "X"), false);
  });

  it("wants both egress and ingress", () => {
    const rule = (groups: string[], cidrs: string[] = []): Group["ingress"] => [
      { protocol: "tcp", from: 80, to: 80, groups, cidrs },
    ];
    const verdict = (lb: Group["egress"], pod: Group["ingress"], port = 80): boolean =>
      reachability(
        new Map([
          ["lb", { id: "lb", ingress: [], egress: lb }],
          ["pod", { id: "pod", ingress: pod, egress: [] }],
        ]),
        () => ["pod"],
      )({ groups: ["lb"], cidrs: ["10.0.0.0/24"] }, "10.0.1.1", port);
    assert.equal(verdict(rule(["pod"]), rule(["lb"])), true);
    assert.equal(verdict(rule([], ["10.0.0.0/16"]), rule([], ["10.0.0.0/16"])), true);
    assert.equal(verdict([], rule(["lb"])), false);
    assert.equal(verdict(rule(["pod"]), []), false);
    assert.equal(verdict(rule(["pod"]), rule(["lb"]), 81), false);
  });

  const credentials = { accessKeyId: "AKIASANDBOXTEST", secretAccessKey: "secret/key+1" };
  const signedAt = Date.UTC(2026, 0, 1);
  const verdict = (value: string, cluster = "blue", minutes = 1): ReturnType<typeof checkToken> =>
    checkToken(value, cluster, {
      accountId: "1",
      credentials,
      callerArn: "arn",
      now: () => signedAt + minutes * 60_000,
    });
  const mint = (cluster: string, secret = credentials.secretAccessKey, id = credentials.accessKeyId): string =>
    clusterToken(cluster, "eu-west-1", id, secret, new Date(signedAt));
  const reason = (value: ReturnType<typeof checkToken>): string => (value.ok ? "" : value.reason);

  it("takes a token for its own cluster only, for fifteen minutes, signed with the sandbox's secret", () => {
    assert.deepEqual(verdict(mint("blue")), { ok: true, principalArn: "arn" });
    assert.match(reason(verdict(mint("green"))), /another cluster than blue/);
    assert.match(reason(verdict(mint("blue", "other"))), /another secret key/);
    assert.match(
      reason(verdict(mint("blue", credentials.secretAccessKey, "AKIAOTHER"))),
      /access key AKIAOTHER is not/,
    );
    assert.match(reason(verdict(mint("blue"), "blue", 16)), /expired/);
    assert.match(reason(verdict(mint("blue"), "blue", -10)), /future/);
    assert.match(reason(verdict("bearer")), /k8s-aws-v1/);
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/),
        fc.stringMatching(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/),
        (a, b) => verdict(mint(a), b).ok === (a === b),
      ),
    );
  });

  it("takes no token that somebody changed", () => {
    const url = new URL(Buffer.from(mint("blue").slice("k8s-aws-v1.".length), "base64url").toString());
    for (const [key, value] of [
      ["Action", "GetSessionToken"],
      ["X-Amz-SignedHeaders", "host"],
      ["X-Amz-SignedHeaders", "host;x-k8s-aws-id;x-other"],
      ["X-Amz-Date", "20260101T000100Z"],
      ["X-Amz-Date", "no"],
      ["X-Amz-Expires", "61"],
      ["Version", "2"],
      ["X-Amz-Signature", "00"],
      ["More", "1"],
    ] as const) {
      const changed = new URL(url);
      changed.searchParams.set(key, value);
      assert.equal(
        verdict(`k8s-aws-v1.${Buffer.from(changed.href).toString("base64url")}`).ok,
        false,
        `${key}=${value}`,
      );
    }
  });

  it("refuses foreign keys in the called service's own words", () => {
    const call = (service: string, key: string): string => {
      try {
        scopeOf(
          {
            authorization:
              `AWS4-HMAC-SHA256 Credential=${key}/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, ` +
              "Signature=0",
          },
          new URL("http://127.0.0.1/"),
          "eu-west-1",
          "AKIASANDBOXTEST",
        );
        return "taken";
      } catch (error) {
        return (
          `${(error as AwsError).code} ${(error as AwsError).status} ` +
          `${/look like real AWS credentials/.test((error as Error).message)}`
        );
      }
    };
    assert.equal(call("eks", "AKIASANDBOXTEST"), "taken");
    assert.equal(call("eks", "AKIAIOSFODNN7EXAMPLE"), "UnrecognizedClientException 403 true");
    assert.equal(call("elasticloadbalancing", "ASIAIOSFODNN7EXAMPLE"), "InvalidClientTokenId 403 true");
    assert.equal(call("ec2", "AKIASANDBOXOLDER"), "AuthFailure 401 false");
  });
});
