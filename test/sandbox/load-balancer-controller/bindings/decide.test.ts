import assert from "node:assert/strict";
import fc from "fast-check";
import { decide, decideCleanup } from "../../../../sandbox/load-balancer-controller/bindings/decide";
import { addressOf, type PodEndpoint, type Target } from "../../../../sandbox/load-balancer-controller/types";

const endpoint = (n: number): PodEndpoint => ({ ip: `10.0.0.${n}`, port: 8080, podCreatedAt: 1, pod: `default/p${n}` });
const target = (n: number, state: string | null = "healthy"): Target => ({ id: `10.0.0.${n}`, port: 8080, state });
const address = (n: number): string => `10.0.0.${n}:8080`;
const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });
const states = fc.constantFrom("healthy", "initial", "unhealthy", "draining", null);
const targets = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), states), { selector: ([n]) => n, maxLength: 20 })
  .map((all) => all.map(([n, state]) => target(n, state)));

describe("decide", () => {
  it("never deregisters with the flag what its record doesn't list, nor what is wanted", () => {
    fc.assert(
      fc.property(numbers, fc.option(numbers), targets, (wanted, recorded, present) => {
        const own = recorded === null ? null : new Set(recorded.map(address));
        const { deregister } = decide({
          remembered: true,
          multiCluster: true,
          recorded: own,
          endpoints: wanted.map(endpoint),
          targets: present,
        });
        for (const one of deregister)
          assert.ok(own?.has(addressOf(one)) && !wanted.map(address).includes(addressOf(one)));
      }),
    );
  });

  it("without the flag deregisters every unmatched target that isn't draining", () => {
    fc.assert(
      fc.property(numbers, targets, (wanted, present) => {
        const { deregister, writeConfigMap } = decide({
          remembered: true,
          multiCluster: false,
          recorded: null,
          endpoints: wanted.map(endpoint),
          targets: present,
        });
        const expected = present.filter(
          (one) => one.state !== "draining" && !wanted.map(address).includes(addressOf(one)),
        );
        assert.deepEqual(deregister, expected);
        assert.equal(writeConfigMap, null);
      }),
    );
  });

  it("writes down whatever it registers", () => {
    fc.assert(
      fc.property(numbers, fc.option(numbers), targets, (wanted, recorded, present) => {
        const { register, writeConfigMap } = decide({
          remembered: true,
          multiCluster: true,
          recorded: recorded && new Set(recorded.map(address)),
          endpoints: wanted.map(endpoint),
          targets: present,
        });
        for (const one of register) assert.ok(writeConfigMap?.includes(addressOf(one)));
      }),
    );
  });

  it("fact 9: without a record deregisters nothing and records the present endpoints", () => {
    const decision = decide({
      remembered: true,
      multiCluster: true,
      recorded: null,
      endpoints: [endpoint(1)],
      targets: [target(1), target(9)],
    });
    const { matched, ...rest } = decision;
    assert.deepEqual(rest, { resetCheckpoint: true, deregister: [], writeConfigMap: [address(1)], register: [] });
    assert.deepEqual(matched, [{ endpoint: endpoint(1), target: target(1) }]);
  });

  it("fact 11: an endpoint that somebody else registered is not recorded, and stays at scale-down", () => {
    const recorded = new Set<string>();
    assert.equal(
      decide({ remembered: true, multiCluster: true, recorded, endpoints: [endpoint(1)], targets: [target(1)] })
        .writeConfigMap,
      null,
    );
    assert.deepEqual(
      decide({ remembered: true, multiCluster: true, recorded, endpoints: [], targets: [target(1)] }).deregister,
      [],
    );
  });

  it("writes the first pass after a start down when nothing is unmatched, whatever the object says", () => {
    const input = { multiCluster: true, recorded: new Set<string>(), endpoints: [endpoint(1)], targets: [target(1)] };
    assert.deepEqual(decide({ ...input, remembered: false }).writeConfigMap, [address(1)]);
    assert.equal(decide({ ...input, remembered: false, targets: [target(1), target(2)] }).writeConfigMap, null);
  });

  it("fact 14: scale to zero drains its own targets and empties the record", () => {
    const decision = decide({
      remembered: true,
      multiCluster: true,
      recorded: new Set([address(1)]),
      endpoints: [],
      targets: [target(1), target(2)],
    });
    assert.deepEqual(decision, {
      resetCheckpoint: true,
      deregister: [target(1)],
      writeConfigMap: [],
      register: [],
      matched: [],
    });
  });

  it("fact 15: an endpoint whose target is draining is registered again", () => {
    const decision = decide({
      remembered: true,
      multiCluster: true,
      recorded: new Set([address(1)]),
      endpoints: [endpoint(1)],
      targets: [target(1, "draining")],
    });
    assert.deepEqual(decision.register, [endpoint(1)]);
  });

  it("fact 18: the end of a binding without the flag takes everything known along", () => {
    assert.deepEqual(decideCleanup({ multiCluster: false, recorded: null, targets: [target(1), target(2)] }), [
      target(1),
      target(2),
    ]);
    assert.deepEqual(
      decideCleanup({ multiCluster: true, recorded: new Set([address(1)]), targets: [target(1), target(2)] }),
      [target(1)],
    );
    assert.deepEqual(decideCleanup({ multiCluster: true, recorded: null, targets: [target(1)] }), []);
  });
});
