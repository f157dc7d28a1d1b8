import assert from "node:assert/strict";
import fc from "fast-check";
import { formatCidr, overlap, parseCidr, sizeOf, subnetBlocks } from "../../components/internal/cidr";
import { derivedName, isPlainName, shortenedName } from "../../components/internal/names";

const plain = fc.stringMatching(/^[a-z][a-z0-9-]{0,60}[a-z0-9]$/);

describe("names", () => {
  it("fit, stay the same, and differ when what they come from differs", () => {
    fc.assert(
      fc.property(plain, plain, fc.integer({ min: 12, max: 64 }), (a, b, longest) => {
        const short = shortenedName(a, longest);
        assert.ok(short.length <= longest && isPlainName(short), short);
        assert.equal(short, shortenedName(a, longest));
        if (a !== b) assert.notEqual(short, shortenedName(b, longest));
        if (a.length <= longest) assert.equal(short, a);
      }),
    );
  });
  it("are cut with a hash, never in a dash", () => {
    assert.equal(derivedName(["dev", "web"], 32), "dev-web");
    assert.match(derivedName(["environment-with-a-long", "-service-x"], 32), /^environment-with-a-long-[0-9a-f]{8}$/);
  });
});

const block = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 16, max: 24 }))
  .map(([address, prefix]) =>
    formatCidr({ base: Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix), prefix }),
  );

describe("IPv4 blocks", () => {
  it("read back as they are written", () => {
    fc.assert(fc.property(block, (text) => assert.equal(formatCidr(parseCidr(text) ?? { base: 0, prefix: 0 }), text)));
  });
  it("are refused when they are none", () => {
    for (const text of ["10.0.0.0", "10.0.0.256/24", "10.0.0.1/24", "10.0.0.0/33", "a/8", ""])
      assert.equal(parseCidr(text), null, text);
  });
  it("cut a VPC into subnets that lie inside of it and don't overlap", () => {
    fc.assert(
      fc.property(block, fc.integer({ min: 1, max: 6 }), (vpc, zones) => {
        const cut = subnetBlocks(vpc, zones);
        const outer = parseCidr(vpc);
        assert.ok(outer !== null);
        if (cut === null) return assert.ok(outer.prefix > 23);
        assert.deepEqual([cut.privateBlocks.length, cut.publicBlocks.length], [zones, zones]);
        const all = [...cut.privateBlocks, ...cut.publicBlocks].map((text) => parseCidr(text));
        all.forEach((subnet, index) => {
          assert.ok(
            subnet !== null &&
              subnet.prefix <= 28 &&
              subnet.base >= outer.base &&
              subnet.base + sizeOf(subnet) <= outer.base + sizeOf(outer),
          );
          for (const other of all.slice(index + 1)) assert.ok(other !== null && !overlap(subnet, other));
        });
      }),
    );
  });
  it("move no subnet when a zone is added, up to four", () => {
    fc.assert(
      fc.property(block, fc.integer({ min: 1, max: 3 }), (vpc, zones) => {
        const before = subnetBlocks(vpc, zones);
        const after = subnetBlocks(vpc, zones + 1);
        assert.deepEqual(after?.privateBlocks.slice(0, zones), before?.privateBlocks);
        assert.deepEqual(after?.publicBlocks.slice(0, zones), before?.publicBlocks);
      }),
    );
  });
});
