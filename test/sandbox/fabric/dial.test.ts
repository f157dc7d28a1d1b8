import assert from "node:assert/strict";
import net from "node:net";
import fc from "fast-check";
import { formatConnectTo, parseConnectTo } from "../../../sandbox/fabric/connect-to";
import { dial, Fabric } from "../../../sandbox/fabric/dial";

describe("fabric", () => {
  const connect = net.Socket.prototype.connect;
  let connects = 0;
  beforeEach(() => {
    connects = 0;
    net.Socket.prototype.connect = function (this: net.Socket): net.Socket {
      connects++;
      return this;
    } as typeof connect;
  });
  afterEach(() => {
    net.Socket.prototype.connect = connect;
  });

  it("connects for an announced loopback entry: the observer below sees what there is to see", () => {
    const fabric = new Fabric();
    fabric.set({ address: "10.0.0.1", port: 80, host: "127.9.9.9", hostPort: 8080 });
    dial(fabric, "10.0.0.1", 80).destroy();
    assert.equal(connects, 1);
  });

  it("never makes a socket for an address that was not announced", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.domain(), fc.string()), fc.nat(70_000), (address, port) => {
        assert.throws(() => dial(new Fabric(), address, port), { code: "SBX-FABRIC" });
        assert.equal(connects, 0);
      }),
    );
  });

  it("never makes a socket for an entry that leads elsewhere than 127.0.0.0/8", () => {
    const elsewhere = fc.oneof(
      fc.ipV4().filter((a) => !a.startsWith("127.")),
      fc.ipV6(),
      fc.domain(),
      fc.constantFrom("localhost", "127.1", "127.0.0.1.example.org", "0x7f.0.0.1", "::ffff:127.0.0.1", ""),
    );
    fc.assert(
      fc.property(elsewhere, (host) => {
        const fabric = new Fabric();
        fabric.set({ address: "10.0.0.1", port: 80, host, hostPort: 80 });
        assert.throws(() => dial(fabric, "10.0.0.1", 80), { code: "SBX-FABRIC" });
        assert.equal(connects, 0);
      }),
    );
  });

  it("writes and reads connect-to lines, and refuses those that lead elsewhere", () => {
    const entries = [{ host: "lb.example", port: 80, address: "127.80.1.1", addressPort: 4080 }];
    assert.deepEqual(parseConnectTo(formatConnectTo(entries)), entries);
    for (const line of ["lb:80:10.0.0.1:80", "lb:80:localhost:80", "lb:80:127.0.0.1", "lb:0:127.0.0.1:80"])
      assert.throws(() => parseConnectTo(line), { code: "SBX-FABRIC" });
  });
});
