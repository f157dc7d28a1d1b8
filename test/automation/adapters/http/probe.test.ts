import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { destinationOf, parseConnectTo, probe } from "../../../../automation/adapters/http/probe";
import { HostCertificates } from "../../../../sandbox/chart-repository/certificates";

describe("probe", () => {
  let server: Server;
  let port = 0;
  let connections = 0;
  let status = 200;
  let folder = "";
  before((done) => {
    server = createServer((_request, answer) => {
      if (status === 0) return void answer.destroy();
      answer.writeHead(status);
      answer.end("ok");
    });
    server.on("connection", () => (connections += 1));
    server.listen(0, "127.0.0.1", () => {
      port = (server.address() as AddressInfo).port;
      folder = mkdtempSync(join(tmpdir(), "ebg-probe-"));
      writeFileSync(join(folder, "connect-to"), `# listeners\nweb.elb.localhost:80:127.0.0.1:${port}\n`);
      process.env["EKS_BLUE_GREEN_CONNECT_TO"] = join(folder, "connect-to");
      done();
    });
  });
  after((done) => {
    delete process.env["EKS_BLUE_GREEN_CONNECT_TO"];
    rmSync(folder, { recursive: true });
    server.close(done);
  });

  it("goes where the connect-to file says, with a new connection for each request", async () => {
    connections = 0;
    status = 200;
    assert.deepEqual(await probe("http://web.elb.localhost/healthz", 5), {
      sent: 5,
      failed: 0,
      firstFailure: null,
      statuses: [200],
    });
    assert.equal(connections, 5);
  });

  it("counts server errors, resets and refused connections", async () => {
    status = 503;
    assert.deepEqual(await probe("http://web.elb.localhost/", 2), {
      sent: 2,
      failed: 2,
      firstFailure: "GET / answered status 503",
      statuses: [503],
    });
    status = 0;
    assert.equal((await probe("http://web.elb.localhost/", 2)).failed, 2);
    assert.equal((await probe("http://other.localhost:1/", 1)).failed, 1);
  });

  it("reads curl's syntax, and keeps .localhost on this machine", () => {
    const rules = parseConnectTo("a.localhost:80:127.0.0.2:8080\n:443:[::1]:\n# comment\nnonsense\n");
    assert.equal(rules.length, 2);
    assert.deepEqual(destinationOf("A.localhost", 80, rules), { host: "127.0.0.2", port: 8080 });
    assert.deepEqual(destinationOf("b.example", 443, rules), { host: "::1", port: 443 });
    assert.deepEqual(destinationOf("b.localhost", 81, rules), { host: "127.0.0.1", port: 81 });
    assert.deepEqual(destinationOf("b.example", 81, rules), { host: "b.example", port: 81 });
  });
});

describe("probe of a listener that speaks HTTPS", () => {
  let server: SecureServer;
  const asked: { host: string | undefined; servername: string | false | null | undefined }[] = [];
  before(async () => {
    const { cert, key } = await (await HostCertificates.create()).of("shop.example.com");
    server = createSecureServer({ cert, key }, (request, answer) => {
      const { servername } = request.socket as TLSSocket;
      asked.push({ host: request.headers.host, servername });
      answer.end("ok");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  after((done) => void server.close(done));

  it("asks by the name that the service's rule wants, also of a certificate for other names", async () => {
    const { port } = server.address() as AddressInfo;
    const url = `https://dev.elb.localhost:${port}/`;
    const { failed, statuses } = await probe(url, 1, { host: "shop.example.com" });
    assert.deepEqual([failed, statuses], [0, [200]]);
    assert.equal((await probe(url, 1)).failed, 0, "the load balancer's own name, which no certificate has");
    assert.deepEqual(asked, [
      { host: "shop.example.com", servername: "shop.example.com" },
      { host: `dev.elb.localhost:${port}`, servername: "dev.elb.localhost" },
    ]);
  });
});
