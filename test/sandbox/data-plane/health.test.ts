import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import https from "node:https";
import * as x509 from "@peculiar/x509";
import type { HealthCheckSpec } from "../../../sandbox/contract";
import { matches } from "../../../sandbox/data-plane/health";
import { eventually, httpCheck, httpPod, Pod, Rig, tcpCheck, tcpPod } from "./rig";

/** A certificate that no client would trust: signed by itself, for another name, and expired. */
async function untrusted(): Promise<{ cert: string; key: string }> {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: "CN=other.example",
      notBefore: new Date(0),
      notAfter: new Date(86_400_000),
      keys,
      signingAlgorithm,
    },
    webcrypto,
  );
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { cert: certificate.toString("pem"), key };
}

describe("data plane: health checks", function () {
  this.timeout(60_000);
  let rig: Rig;
  beforeEach(() => (rig = new Rig(180)));
  afterEach(() => rig.close());
  const https200: HealthCheckSpec = { ...httpCheck, protocol: "HTTPS" };

  it("HTTPS: takes any certificate, as Elastic Load Balancing does, and looks at the status", async () => {
    const identity = await untrusted();
    let status = 200;
    const server = https.createServer(identity, (request, response) => {
      assert.equal(request.headers["user-agent"], "ELB-HealthChecker/2.0");
      response.writeHead(request.url === "/healthz" ? status : 404).end();
    });
    const [pod] = rig.add(await new Pod("10.0.0.1", server).listen());
    await rig.apply([pod!.target()], { healthCheck: https200 });
    await rig.healthy(pod!);
    status = 503;
    await eventually("it is unhealthy", () => rig.health(pod!, "unhealthy")?.reason === "Target.ResponseCodeMismatch");
  });

  it("HTTPS: a target that speaks no TLS, or hangs up, is unhealthy", async () => {
    const [plain, rude] = rig.add(await httpPod("10.0.0.1"), await tcpPod("10.0.0.2", (socket) => socket.destroy()));
    await rig.apply([plain!.target(), rude!.target()], { healthCheck: https200 });
    for (const pod of [plain!, rude!])
      await eventually(
        `${pod.address} is unhealthy`,
        () => rig.health(pod, "unhealthy")?.reason === "Target.FailedHealthChecks",
      );
  });

  it("HTTP: a target that accepts and never answers times out; TCP is content with that", async () => {
    const [pod] = rig.add(await tcpPod("10.0.0.1", (socket) => socket.resume()));
    await rig.apply([pod!.target()]);
    await eventually("it is unhealthy", () => rig.health(pod!, "unhealthy")?.reason === "Target.Timeout");
    await rig.apply([pod!.target()], { healthCheck: tcpCheck });
    await rig.healthy(pod!);
  });

  it("counts to the thresholds both ways, and tells nothing in between", async () => {
    const answers = [200, 200, 500, 200, 200, 200, 500, 500, 200, 500, 500, 500];
    let asked = 0;
    const [pod] = rig.add(await httpPod("10.0.0.1", () => answers[Math.min(asked++, answers.length - 1)]!));
    await rig.apply([pod!.target()], { healthCheck: { ...httpCheck, healthyThreshold: 3, unhealthyThreshold: 3 } });
    await rig.healthy(pod!);
    // The third of the three in a row has been asked for, and at most one more meanwhile.
    assert.ok(asked >= 6 && asked <= 7, `healthy after ${asked} checks`);
    await eventually("it is unhealthy", () => rig.health(pod!, "unhealthy") !== undefined);
    assert.ok(asked >= 12, `unhealthy after ${asked} checks`);
    assert.deepEqual(
      rig.heard.flatMap((m) => (m.type === "health" ? [m.state] : [])),
      ["healthy", "unhealthy"],
    );
  });

  it("asks no more after the deregistration", async () => {
    let asked = 0;
    const [pod] = rig.add(await httpPod("10.0.0.1", () => (asked++, 200)));
    await rig.apply([pod!.target()]);
    await rig.healthy(pod!);
    await rig.apply([pod!.target(undefined, { deregisteredAt: Date.now() })]);
    await eventually("no check is under way", () => pod!.sockets.size === 0);
    const then = asked;
    const until = Date.now() + 300;
    await eventually("several intervals have passed", () => Date.now() > until);
    assert.equal(asked, then);
  });

  it("reads matchers as AWS writes them", () => {
    for (const [matcher, good, bad] of [
      ["200", [200], [201]],
      ["200,202", [200, 202], [201]],
      ["200-399", [200, 301, 399], [199, 400]],
      ["200-201,404", [201, 404], [403]],
    ] as const) {
      for (const status of good) assert.ok(matches(matcher, status), `${matcher} ${status}`);
      for (const status of bad) assert.ok(!matches(matcher, status), `${matcher} ${status}`);
    }
  });
});
