import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates } from "../../../../sandbox/control-plane/certificates";
import { KubeClient } from "../../../../sandbox/providers/kubernetes/client";

type Does = { readonly status: number; readonly retryAfter?: string } | "cut";

/** What client-go does for the real provider (rest.Request's retries). */
describe("the provider's calls to an API server", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-kube-client-"));
  let server: Server;
  let client: KubeClient;
  let script: Does[] = [];
  let calls = 0;

  before(async () => {
    const certificates = await createCertificates(dir, "dev-blue", "10.100.0.1");
    server = createServer(
      { cert: readFileSync(certificates.servingCertFile), key: readFileSync(certificates.servingKeyFile) },
      (request, response) => {
        calls += 1;
        const does = script.shift() ?? { status: 200 };
        if (does === "cut") request.socket.destroy();
        else
          response
            .writeHead(does.status, does.retryAfter === undefined ? {} : { "retry-after": does.retryAfter })
            .end("{}");
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new KubeClient(
      {
        server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
        namespace: "default",
        ca: Buffer.from(certificates.caData, "base64").toString(),
        user: { token: "t" },
      },
      {},
    );
  });
  after(async () => {
    client.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  const throttled = { status: 429, retryAfter: "0" } as const;
  const cases: readonly {
    readonly name: string;
    readonly method: string;
    readonly does: readonly Does[];
    readonly ok: boolean;
    readonly calls: number;
  }[] = [
    { name: "throttled twice", method: "PATCH", does: [throttled, throttled], ok: true, calls: 3 },
    {
      name: "shutting down, and asking to come again",
      method: "POST",
      does: [{ status: 503, retryAfter: "0" }],
      ok: true,
      calls: 2,
    },
    { name: "an error without Retry-After", method: "PATCH", does: [{ status: 500 }], ok: false, calls: 1 },
    {
      name: "throttled for good",
      method: "GET",
      does: Array.from({ length: 20 }, () => throttled),
      ok: false,
      calls: 11,
    },
    { name: "a GET that is cut off", method: "GET", does: ["cut"], ok: true, calls: 2 },
    { name: "a change that is cut off: it may have been made", method: "PATCH", does: ["cut"], ok: false, calls: 1 },
  ];
  for (const one of cases)
    it(`${one.name}: ${one.ok ? "answered" : "an error"} after ${one.calls}`, async () => {
      [script, calls] = [[...one.does], 0];
      const sent = client.send({ method: one.method, path: "/api" });
      if (one.ok) await sent;
      else await assert.rejects(sent);
      assert.equal(calls, one.calls);
    });

  it("says of a call that was cut off which it was", async () => {
    script = ["cut"];
    await assert.rejects(
      client.send({ method: "DELETE", path: "/api/v1/namespaces/web" }),
      /^Unreachable: Delete "https:\/\/127\.0\.0\.1:\d+\/api\/v1\/namespaces\/web": EOF$/,
    );
  });
});
