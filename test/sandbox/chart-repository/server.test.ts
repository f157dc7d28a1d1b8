import assert from "node:assert/strict";
import { request } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import { ChartRepository, type ChartRequest } from "../../../sandbox/chart-repository/server";

describe("the sandbox's chart repository, as a proxy", () => {
  const seen: ChartRequest[] = [];
  let repository: ChartRepository;
  before(async () => (repository = await ChartRepository.start("stand-in", (one) => seen.push(one))));
  after(() => repository.close());

  /** As Go's HTTP client does it with HTTPS_PROXY: CONNECT, then TLS with the host's name. */
  const through = (host: string, path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = request({ ...proxy(), method: "CONNECT", path: `${host}:443`, agent: false });
      asked.on("error", reject).on("connect", (answer, socket: Socket) => {
        assert.equal(answer.statusCode, 200);
        const secure: TLSSocket = connect({ socket, servername: host, ca: repository.authorityPem }, () => {
          assert.equal(secure.authorized, true);
          secure.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
        });
        let text = "";
        secure
          .on("error", reject)
          .on("data", (part) => (text += String(part)))
          .on("end", () => resolve(text));
      });
      asked.end();
    });
  const proxy = (): { host: string; port: number } => ({
    host: "127.0.0.1",
    port: Number(new URL(repository.url).port),
  });

  it("answers for every host, with a certificate of that host, and nothing leaves the machine", async () => {
    assert.match(
      await through("aws.github.io", "/eks-charts/index.yaml"),
      /^HTTP\/1\.1 200[\s\S]*aws-load-balancer-controller/,
    );
    assert.match(await through("charts.example.com", "/none"), /^HTTP\/1\.1 404/);
    assert.deepEqual(seen, [
      { method: "GET", url: "https://aws.github.io/eks-charts/index.yaml", status: 200 },
      { method: "GET", url: "https://charts.example.com/none", status: 404 },
    ]);
  });

  it("answers a request without TLS in the same way", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ ...proxy(), path: "http://mirror.example.com/charts/index.yaml", agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });
    assert.equal(status, 200);
  });

  it("cuts every connection while it is down", async () => {
    repository.down = true;
    await assert.rejects(through("aws.github.io", "/eks-charts/index.yaml"), /ECONNRESET|hang up/);
    repository.down = false;
    assert.match(await through("aws.github.io", "/eks-charts/index.yaml"), /^HTTP\/1\.1 200/);
  });
});
