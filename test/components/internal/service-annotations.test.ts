import assert from "node:assert/strict";
import { healthCheckTimeoutSeconds } from "../../../components/internal/aws-limits";
import {
  attributesAnnotation,
  extendingAnnotations,
  loadBalancerAnnotations,
  protectionOf,
  withAttributes,
} from "../../../components/internal/service-annotations";

describe("attributes in one annotation", () => {
  const protection = { "deletion_protection.enabled": "true" };
  const cases: readonly [string, string | undefined, string][] = [
    ["absent", undefined, "deletion_protection.enabled=true"],
    ["empty", "", "deletion_protection.enabled=true"],
    [
      "somebody's own are kept, in their order",
      "access_logs.s3.enabled=true,access_logs.s3.bucket=logs",
      "access_logs.s3.enabled=true,access_logs.s3.bucket=logs,deletion_protection.enabled=true",
    ],
    [
      "what is required wins",
      "deletion_protection.enabled=false,access_logs.s3.prefix=a=b",
      "access_logs.s3.prefix=a=b,deletion_protection.enabled=true",
    ],
    [
      "said twice is said once",
      "deletion_protection.enabled=true,deletion_protection.enabled=false",
      "deletion_protection.enabled=true",
    ],
    [
      "what has it all stays to the letter",
      " deletion_protection.enabled = true , load_balancing.cross_zone.enabled=true",
      " deletion_protection.enabled = true , load_balancing.cross_zone.enabled=true",
    ],
  ];
  for (const [name, list, expected] of cases) {
    it(name, () => {
      const merged = withAttributes(list, protection);
      assert.equal(merged, expected);
      assert.equal(withAttributes(merged, protection), merged, "a second time changes nothing");
      assert.equal(protectionOf({ [attributesAnnotation]: merged }), "true");
    });
  }
});

describe("a health check", () => {
  it("gives up before the next one begins", () => {
    assert.deepEqual([5, 6, 10, 300].map(healthCheckTimeoutSeconds), [4, 5, 5, 5]);
    const shape = {
      targetType: "ip",
      internal: false,
      crossZone: true,
      clientCidrBlocks: [],
      healthCheckPath: "/",
      healthCheckPort: null,
      healthCheckIntervalSeconds: 5,
      healthCheckThreshold: 3,
      deregistrationDelaySeconds: 300,
      deletionProtection: true,
    } as const;
    assert.equal(
      loadBalancerAnnotations(shape)["service.beta.kubernetes.io/aws-load-balancer-healthcheck-timeout"],
      "4",
    );
  });
});

describe("a Service that others own, extended", () => {
  const labels = "service.beta.kubernetes.io/aws-load-balancer-target-node-labels";
  const of = (theirs: Record<string, string>, targetType: "ip" | "instance", active: boolean): string | undefined =>
    extendingAnnotations(theirs, { targetType, active })[labels];

  it("instance targets: its owner's node labels outlive a stand-down", () => {
    const down = of({ [labels]: "pool=web" }, "instance", false);
    assert.equal(down, "pool=web,eks-blue-green/standby=true");
    const up = of({ [labels]: down ?? "" }, "instance", true);
    assert.equal(up, "pool=web");
    assert.equal(
      of({ [labels]: up ?? "" }, "instance", true),
      "pool=web",
      "a patch that no longer said it would take it away",
    );
  });
  it("instance targets without labels of its owner's: ours come and go", () => {
    assert.equal(of({}, "instance", false), "eks-blue-green/standby=true");
    assert.equal(of({ [labels]: "eks-blue-green/standby=true" }, "instance", true), undefined);
    assert.equal(of({}, "instance", true), undefined);
  });
  it("ip targets: node labels are none of ours", () =>
    assert.equal(of({ [labels]: "pool=web" }, "ip", false), undefined));
  it("target group attributes and everything else stay its owner's", () => {
    const theirs = {
      "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=true",
      "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    };
    assert.deepEqual(Object.keys(extendingAnnotations(theirs, { targetType: "ip", active: true })).sort(), [
      attributesAnnotation,
      "service.beta.kubernetes.io/aws-load-balancer-multi-cluster-target-group",
    ]);
  });
});
