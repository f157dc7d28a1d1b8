import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { get, getText } from "../../../../automation/adapters/http/get";
import { nameIn } from "../../../../automation/adapters/http/sample";

describe("GET with limits", () => {
  let server: Server;
  let url: URL;
  let does: "drip" | "endless" | "silence" | "break off" | "answer" = "answer";
  before((done) => {
    server = createServer((_request, answer) => {
      if (does === "silence") return;
      answer.writeHead(200);
      if (does === "answer") return void answer.end("well");
      if (does === "break off") return void answer.write("half", () => answer.destroy());
      if (does === "drip") {
        // Never idle, never done.
        const timer = setInterval(() => answer.write("."), 20);
        return void answer.on("close", () => clearInterval(timer));
      }
      const more = (): void => void (answer.destroyed || answer.write(Buffer.alloc(1 << 16), () => more()));
      more();
    });
    server.listen(0, "127.0.0.1", () => {
      url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      done();
    });
  });
  after((done) => {
    server.closeAllConnections();
    server.close(done);
  });
  const limits = { milliseconds: 300, bytes: 1000 };
  const ask = (): ReturnType<typeof get> => get(url, { host: url.hostname, port: Number(url.port) }, limits);

  it("answers with the whole body", async () => {
    does = "answer";
    const reply = await ask();
    assert.deepEqual([reply.status, reply.body.toString(), reply.complete], [200, "well", true]);
    assert.deepEqual(await getText(url, limits), { status: 200, body: "well" });
  });
  it("ends an answer that drips: the deadline is for all of it", async () => {
    does = "drip";
    const began = Date.now();
    await assert.rejects(ask(), /the answer took longer than 0\.3 s/);
    assert.ok(Date.now() - began < 5000);
  });
  it("ends a server that says nothing", async () => {
    does = "silence";
    await assert.rejects(ask(), /no answer within 0\.3 s/);
  });
  it("reads no more than its limit of an endless answer", async () => {
    does = "endless";
    const reply = await ask();
    assert.deepEqual([reply.status, reply.body.length, reply.complete], [200, 1000, false]);
    await assert.rejects(getText(url, limits), /larger than 1000 bytes/);
  });
  it("tells an answer that breaks off", async () => {
    does = "break off";
    await assert.rejects(ask(), /closed early|ECONNRESET|socket hang up/);
  });
});

describe("the name of who answered", () => {
  it("is taken when it can be a member's, from the header or the body", () => {
    assert.equal(nameIn("blue", ""), "blue");
    assert.equal(nameIn(undefined, '{"member":"eu-green"}'), "eu-green");
  });
  for (const name of ["\u001b[2J", "::error::x", "Blue", "a b", "x".repeat(40), "##vso[x]"])
    it(`is nobody's when it is ${JSON.stringify(name)}`, () => {
      assert.equal(nameIn(name, ""), null);
      assert.equal(nameIn(undefined, JSON.stringify({ member: name })), null);
    });
});
