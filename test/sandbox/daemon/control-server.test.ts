/** The key that an API server reviews tokens with opens that one door. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { ControlServer } from "../../../sandbox/daemon/control-server";
import type { Sandbox } from "../../../sandbox/daemon/sandbox";

interface Asked {
  readonly status: number;
  readonly body: string;
}

describe("the control endpoint", () => {
  const done: string[] = [];
  const logged: object[] = [];
  const sandbox = {
    front: { reviewToken: async (name: string) => (done.push(`review of ${name}`), { status: {} }) },
    requestShutdown: () => done.push("shutdown"),
    deleteControlPlane: async (name: string) => void done.push(`delete ${name}`),
    status: () => ({ pid: 1 }),
    log: (entry: object) => logged.push(entry),
  } as unknown as Sandbox;
  const server = new ControlServer(sandbox, "the-secret");

  before(() => server.listen());
  after(() => server.close());
  beforeEach(() => [done, logged].forEach((list) => list.splice(0)));

  /** `path` goes out as it stands: `fetch` would resolve its dots. */
  const ask = (method: string, path: string, authorization?: string, body = "{}"): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(server.url);
      const length = { "content-length": String(body.length) };
      const headers = authorization === undefined ? length : { authorization, ...length };
      const call = request({ host, port, path, method, headers, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      });
      call.on("error", reject).end(body);
    });
  const review = (): string => new URL(server.tokenReviewUrl("dev-blue")).pathname;

  it("lets an API server review tokens with its own cluster's key, and nobody with another", async () => {
    // As Kubernetes' webhook sends it.
    assert.equal((await ask("POST", `${review()}?timeout=30s`)).status, 200);
    assert.deepEqual(done, ["review of dev-blue"]);
    const [, key] = /([^/]+)$/.exec(review()) ?? [];
    for (const path of ["/token-review/dev-blue/guessed", `/token-review/dev-green/${key}`])
      assert.equal((await ask("POST", path)).status, 401, path);
    assert.equal(done.length, 1);
  });

  it("opens nothing else with that key, wherever its path leads", async () => {
    const paths = [
      ["POST", "/../../../shutdown"],
      ["POST", "/../../..//shutdown"],
      ["POST", "/%2e%2e/%2E%2E/.%2e/shutdown"],
      ["POST", "\\..\\..\\..\\shutdown"],
      ["POST", "/shutdown"],
      ["POST", "?/../../../shutdown"],
      ["DELETE", "/../../../clusters/dev-blue"],
      ["GET", "/../../../status"],
      ["GET", ""],
    ] as const;
    for (const [method, rest] of paths) {
      const { status, body } = await ask(method, `${review()}${rest}`);
      // What stands behind a `?` is no path: that is a review.
      assert.equal(status, rest.startsWith("?") ? 200 : 401, `${method} ${rest}: ${body}`);
    }
    const { status } = await ask("POST", `http://127.0.0.1${review()}/../../../shutdown`);
    assert.equal(status, 401);
    assert.deepEqual(done, ["review of dev-blue"]);
  });

  it("takes the sandbox's secret for all the others", async () => {
    assert.equal((await ask("GET", "/status")).status, 401);
    assert.equal((await ask("GET", "/status", "Bearer the-secret")).status, 200);
    assert.equal((await ask("POST", "/shutdown", "Bearer the-secret")).status, 200);
    assert.deepEqual(done, ["shutdown"]);
  });

  it("logs which route failed, and no key", async () => {
    assert.equal((await ask("POST", review(), undefined, "{")).status, 400);
    const message = "the request's body is not JSON";
    assert.deepEqual(logged, [
      { event: "request-failed", method: "POST", route: "/token-review/:cluster/:key", message },
    ]);
  });

  it("says that a target which is no address is none", async () => {
    const { status, body } = await ask("GET", "//[", "Bearer the-secret");
    assert.equal(status, 400, body);
    assert.match(body, /SBX-REQUEST/);
  });
});
