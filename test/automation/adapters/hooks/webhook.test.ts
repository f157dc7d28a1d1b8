import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HookRunner } from "../../../../automation/adapters/hooks/hook-runner";
import type { HookAction, HookEnd, HookFacts } from "../../../../automation/ports/hooks";

const facts: HookFacts = {
  id: "r1-forward-2-tell-green",
  name: "tell",
  at: "before-admit",
  environment: "dev",
  member: "green",
  cluster: "dev-green",
  region: "us-east-1",
  kubernetesVersion: "1.35",
  command: "upgrade",
  direction: "forward",
};
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

describe("a hook that is a webhook", () => {
  const asked: Asked[] = [];
  let answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end();
  let origin = "";
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      asked.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
      answer(response);
    });
  });
  before((done) => {
    server.listen(0, "127.0.0.1", () => {
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => void asked.splice(0));

  const webhook = (tokenVariable: string | null = null, path = "/eks?x=1"): HookAction => ({
    kind: "webhook",
    url: `${origin}${path}`,
    tokenVariable,
  });
  const run = (
    action: HookAction,
    { timeoutMs = 5_000, cancel = new AbortController().signal, env = {} as Record<string, string> } = {},
  ): Promise<HookEnd> => new HookRunner("/nonexistent", env).run({ action, facts, timeoutMs }, cancel);

  it("is one POST that says for which member, with the same key for every attempt", async () => {
    assert.deepEqual(await run(webhook()), { kind: "done" });
    const [first] = asked;
    assert.deepEqual([asked.length, first?.method, first?.path], [1, "POST", "/eks?x=1"]);
    assert.deepEqual(JSON.parse(first?.body ?? ""), facts);
    assert.equal(first?.headers["idempotency-key"], facts.id);
    assert.equal(first?.headers["content-type"], "application/json");
    assert.equal(first?.headers.authorization, undefined);
  });

  it("has the token of the driver's environment, and is not called without it", async () => {
    assert.deepEqual(await run(webhook("HOOK_TOKEN"), { env: { HOOK_TOKEN: "s3cret" } }), { kind: "done" });
    assert.equal(asked[0]?.headers.authorization, "Bearer s3cret");
    const runner = new HookRunner("/nonexistent", {});
    assert.equal(await runner.lacks(webhook("HOOK_TOKEN")), "the environment variable HOOK_TOKEN is not set");
    assert.equal(await runner.lacks(webhook()), null);
    const end = await run(webhook("HOOK_TOKEN"));
    assert.deepEqual(end, { kind: "failed", why: "the environment variable HOOK_TOKEN is not set" });
    assert.equal(asked.length, 1);
  });

  it("has failed with any other answer, whose beginning says why, in one line", async () => {
    answer = (response) => void response.writeHead(503).end(`no room\n::error::\u001b[2J ${"x".repeat(5_000)}`);
    const end = await run(webhook());
    assert.ok(end.kind === "failed");
    assert.match(end.why, /^it answered 503: no room/);
    assert.ok(!/[\n\u001b]/.test(end.why) && end.why.length < 2_500, end.why);
    answer = (response) => void response.writeHead(302, { location: `${origin}/other` }).end();
    assert.deepEqual(await run(webhook()), { kind: "failed", why: "it answered 302; redirects are not followed" });
    assert.ok(!asked.some(({ path }) => path === "/other"));
  });

  it("has failed when nobody answers in time, or it is ended, and does not wait for an answer's end", async () => {
    answer = () => undefined;
    assert.deepEqual(await run(webhook(), { timeoutMs: 100 }), {
      kind: "failed",
      why: "it did not answer within 0.1 s",
    });
    const cancel = new AbortController();
    const ended = run(webhook(), { cancel: cancel.signal });
    setTimeout(() => cancel.abort(), 50);
    assert.deepEqual(await ended, { kind: "failed", why: "it was ended, as asked" });
    answer = (response) => void response.writeHead(500).write("it drips");
    assert.deepEqual(await run(webhook(), { timeoutMs: 200 }), {
      kind: "failed",
      why: "it did not answer within 0.2 s",
    });
    answer = (response) => void response.writeHead(200).write("it drips");
    assert.deepEqual(await run(webhook()), { kind: "done" });
  });

  it("has failed when nobody is there", async () => {
    const gone: HookAction = { kind: "webhook", url: "http://127.0.0.1:1/", tokenVariable: null };
    const end = await run(gone);
    assert.ok(end.kind === "failed" && /ECONNREFUSED/.test(end.why), JSON.stringify(end));
  });
});
