import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, closeConnections, get, getList } from "../../../../automation/adapters/kubernetes/client";
import type { DriverError } from "../../../../automation/errors";
import { createCertificates } from "../../../../sandbox/control-plane/certificates";
import type { MemberOutputs } from "../../../../stacks/contract";
import { withTrust } from "../../../../automation/adapters/kubernetes/trust";
import { EksRig } from "./eks-rig";

/** What the server does with a call: a status, or cut the connection. */
type Does = number | "cut" | "endless" | "another page";

describe("a call to an API server", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-get-"));
  const eks = new EksRig();
  let server: Server;
  let member: MemberOutputs;
  let script: Does[] = [];
  let seen: string[] = [];

  before(async () => {
    const certificates = await createCertificates(dir, "dev-blue", "10.100.0.1");
    server = createServer(
      { cert: readFileSync(certificates.servingCertFile), key: readFileSync(certificates.servingKeyFile) },
      (request, response) => {
        seen.push(`${request.method} ${request.url}`);
        const does = script.shift() ?? 200;
        if (does === "cut") request.socket.destroy();
        else if (does === "endless") {
          const more = (): void => void (response.destroyed || response.write(Buffer.alloc(1 << 20), () => more()));
          more();
        } else if (does === "another page")
          response.end(JSON.stringify({ items: [{}], metadata: { continue: "again" } }));
        else response.writeHead(does).end(JSON.stringify({ message: `status ${does}` }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await eks.start();
    member = eks.blueAt(url, certificates.caData);
  });
  after(async () => {
    closeConnections();
    await eks.stop();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  const cases: readonly {
    readonly name: string;
    readonly does: readonly Does[];
    readonly status: number | "unreachable";
    readonly calls: number;
  }[] = [
    { name: "answered", does: [200], status: 200, calls: 1 },
    { name: "throttled, then refused with 5xx", does: [429, 503, 200], status: 200, calls: 3 },
    {
      name: "cut off twice (a kept connection that was closed, then a lost answer)",
      does: ["cut", "cut", 200],
      status: 200,
      calls: 3,
    },
    { name: "throttled for good", does: [429, 429, 429, 200], status: 429, calls: 3 },
    { name: "5xx for good", does: [500, 502, 503, 200], status: "unreachable", calls: 3 },
    { name: "cut off for good", does: ["cut", "cut", "cut", 200], status: "unreachable", calls: 3 },
    { name: "not there", does: [404, 200], status: 404, calls: 1 },
    { name: "a conflict", does: [409, 200], status: 409, calls: 1 },
  ];
  for (const { name, does, status, calls } of cases)
    it(`${name}: ${status} after ${calls}`, async () => {
      [script, seen] = [[...does], []];
      if (status === "unreachable") await assert.rejects(get(member, "/api"), { code: "EBG-MEMBER-UNREACHABLE" });
      else assert.equal((await get(member, "/api")).status, status);
      assert.deepEqual(
        seen,
        Array.from({ length: calls }, () => "GET /api"),
      );
    });

  for (const status of [401, 403])
    it(`refused with ${status}: not taken for a dead server, and says how to get access`, async () => {
      [script, seen] = [[status], []];
      await assert.rejects(
        get(member, "/api"),
        (error: DriverError) =>
          error.code === "EBG-KUBERNETES" && /create-access-entry --cluster-name dev-blue/.test(error.remedy),
      );
    });

  it("a login that can't be made is not taken for a dead server either", async () => {
    const file = JSON.parse(member.kubeconfig) as { users: unknown };
    const kubeconfig = JSON.stringify({
      ...file,
      users: [
        {
          name: "u",
          user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "/no/such/login-command" } },
        },
      ],
    });
    await assert.rejects(
      withTrust({ exec: true }, () => get({ ...member, kubeconfig }, "/api")),
      { code: "EBG-KUBERNETES", message: /no login .*\/no\/such\/login-command/ },
    );
  });

  it("that answers without end is given up, with the reason", async () => {
    script = ["endless"];
    await assert.rejects(get(member, "/version"), {
      code: "EBG-MEMBER-UNREACHABLE",
      message: /its answer is larger than 32 MiB/,
    });
  });
  it("that always has another page is given up as well", async () => {
    script = Array.from({ length: 300 }, () => "another page" as const);
    await assert.rejects(getList(member, "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings"), {
      code: "EBG-KUBERNETES",
      message: /more than 200 pages/,
    });
    script = [];
  });

  it("a patch is repeated too: what it does is safe to repeat", async () => {
    [script, seen] = [["cut", 200], []];
    assert.equal(
      (await call(member, "PATCH", "/api/x", { type: "application/json-patch+json", text: "[]" })).status,
      200,
    );
    assert.deepEqual(seen, ["PATCH /api/x", "PATCH /api/x"]);
  });
});
