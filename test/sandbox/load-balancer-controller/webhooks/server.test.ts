import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createWebhookCertificate } from "../../../../sandbox/load-balancer-controller/webhooks/certificate";
import { startWebhookServer } from "../../../../sandbox/load-balancer-controller/webhooks/server";
import type { ApiClient } from "../../../../sandbox/kubernetes/api-client";

describe("the admission webhooks' server", () => {
  it(
    "leaves an idle connection open: an API server sends its next review on it and may not repeat one that was " +
      "reset",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "ebg-webhook-"));
      const { certPem, keyPem } = await createWebhookCertificate();
      const files = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
      writeFileSync(files.certFile, certPem);
      writeFileSync(files.keyFile, keyPem);
      const server = await startWebhookServer(
        {} as ApiClient,
        {} as Parameters<typeof startWebhookServer>[1],
        new AbortController().signal,
        { ...files, port: 0 },
      );
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
      const review = (): Promise<{ readonly allowed: boolean; readonly reused: boolean }> =>
        new Promise((resolve, reject) => {
          const request = https.request(
            { agent, host: "127.0.0.1", port: server.port, path: "/of-nobody", method: "POST" },
            (response) => {
              let text = "";
              response
                .on("data", (chunk) => (text += String(chunk)))
                .on("end", () =>
                  resolve({
                    allowed: (JSON.parse(text) as { response: { allowed: boolean } }).response.allowed,
                    reused: request.reusedSocket,
                  }),
                );
            },
          );
          request.on("error", reject).end(
            JSON.stringify({
              apiVersion: "admission.k8s.io/v1",
              request: { uid: "1", operation: "CREATE", object: {} },
            }),
          );
        });
      try {
        assert.deepEqual(await review(), { allowed: true, reused: false });
        // Node closes after five seconds, and looks for it each second.
        await sleep(7_000);
        assert.deepEqual(await review(), { allowed: true, reused: true });
      } finally {
        agent.destroy();
        server.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
