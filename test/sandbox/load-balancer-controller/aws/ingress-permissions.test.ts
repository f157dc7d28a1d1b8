import assert from "node:assert/strict";
import fc from "fast-check";
import {
  instanceOf,
  keyOfPermission,
  merged,
  type Permission,
  permissionsOf,
  without,
} from "../../../../sandbox/load-balancer-controller/aws/ingress-permissions";
import type { PodObject } from "../../../../sandbox/load-balancer-controller/types";

const group = (id: string, from: number, to = from): Permission => ({
  protocol: "tcp",
  from,
  to,
  source: { kind: "group", id },
});
const pod = (containerPort: number): PodObject => ({
  metadata: { name: "p", namespace: "default" },
  spec: { containers: [{ ports: [{ name: "http", containerPort }] }] },
});
const balancer = { securityGroup: { groupID: "sg-1" } };

describe("permissions", () => {
  it("looks named ports up in the pods, and takes no port for all", () => {
    const named = { ingress: [{ from: [balancer], ports: [{ port: "http" }, { protocol: "UDP" as const }] }] };
    assert.deepEqual(permissionsOf(named, [pod(8080), pod(9090), pod(8080)]), [
      group("sg-1", 8080),
      group("sg-1", 9090),
      { ...group("sg-1", 0, 65_535), protocol: "udp" },
    ]);
    assert.throws(
      () => permissionsOf({ ingress: [{ from: [balancer], ports: [{ port: "other" }] }] }, [pod(1)]),
      /unable to find port other on pod default\/p/,
    );
    assert.throws(
      () => permissionsOf({ ingress: [{ from: [{}], ports: [{ port: 1 }] }] }, []),
      /either ipBlock or securityGroup/,
    );
    assert.deepEqual(permissionsOf({ ingress: [{ from: [balancer], ports: [] }] }, [pod(1)]), []);
  });

  it("merges a group's ports into one range that covers each of them", () => {
    const ports = fc.array(fc.tuple(fc.constantFrom("sg-1", "sg-2"), fc.integer({ min: 1, max: 65_535 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(ports, (all) => {
        const rules = merged(all.map(([id, port]) => group(id, port)));
        assert.equal(rules.length, new Set(all.map(([id]) => id)).size);
        for (const [id, port] of all)
          assert.ok(rules.some((rule) => rule.source.id === id && rule.from <= port && port <= rule.to));
      }),
    );
    const cidr = (from: number): Permission => ({
      protocol: "tcp",
      from,
      to: from,
      source: { kind: "cidr", id: "10.0.0.0/8" },
    });
    assert.equal(merged([cidr(1), cidr(2), cidr(1)]).length, 2);
  });

  it("takes rules that differ in their description only for the same", () => {
    assert.deepEqual(without([group("sg-1", 1)], [{ ...group("sg-1", 1), description: "mine" }]), []);
    assert.notEqual(keyOfPermission(group("sg-1", 1)), keyOfPermission(group("sg-1", 1, 2)));
  });

  it("finds a node's instance", () => {
    assert.equal(instanceOf("aws:///eu-west-1a/i-0123abc"), "i-0123abc");
    assert.equal(instanceOf(undefined), null);
    assert.equal(instanceOf("fake://x"), null);
  });
});
