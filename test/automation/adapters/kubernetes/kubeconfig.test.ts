import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { get } from "../../../../automation/adapters/kubernetes/client";
import { forgetAddress } from "../../../../automation/adapters/kubernetes/cluster-lookup";
import { withTrust } from "../../../../automation/adapters/kubernetes/trust";
import { accessOf } from "../../../../automation/adapters/kubernetes/kubeconfig";
import type { MemberOutputs } from "../../../../stacks/contract";
import { EksRig } from "./eks-rig";

const real = "https://127.0.0.1:1";
const ca = Buffer.from("-----BEGIN CERTIFICATE-----real").toString("base64");
const foreignCa = Buffer.from("-----BEGIN CERTIFICATE-----foreign").toString("base64");
const token = (cluster: string, region = "us-east-1"): object => ({
  exec: { command: "aws", args: ["eks", "get-token", "--cluster-name", cluster, "--region", region] },
});

describe("a kubeconfig that the state holds", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-kubeconfig-"));
  const eks = new EksRig();
  /** Counts who connects: nobody may. */
  let foreign: Server;
  let connections = 0;
  let foreignUrl = "";

  before(async () => {
    await eks.start();
    foreign = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
    foreignUrl = `https://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
  });
  after(async () => {
    await eks.stop();
    await new Promise((resolve) => foreign.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(() => {
    eks.fails = null;
    eks.asked.length = 0;
    eks.clusters.clear();
    eks.clusters.set("dev-blue", { status: "ACTIVE", endpoint: real, certificateAuthority: { data: ca } });
    forgetAddress(memberWith(real, {}));
  });

  function memberWith(server: string, user: object, extra: object = {}): MemberOutputs {
    return {
      member: "blue",
      clusterName: "dev-blue",
      region: "us-east-1",
      endpoint: server,
      kubeconfig: JSON.stringify({
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [{ name: "c", cluster: { server, "certificate-authority-data": foreignCa, ...extra } }],
        users: [{ name: "u", user }],
      }),
    } as MemberOutputs;
  }

  it("is followed to the server that EKS names, with EKS's certificates, whatever it says of them itself", async () => {
    const access = await accessOf(memberWith(`${real}/`, token("dev-blue"), { "insecure-skip-tls-verify": true }));
    assert.equal(access.server.origin, real);
    assert.equal(access.ca, "-----BEGIN CERTIFICATE-----real");
    assert.deepEqual(access.eksCluster, { name: "dev-blue", region: "us-east-1" });
    await accessOf(memberWith(real, token("dev-blue")));
    assert.deepEqual(eks.asked, ["dev-blue"], "asked once");
  });

  it("sends nothing to another server, by whatever login", async () => {
    for (const user of [token("dev-blue"), { token: "t" }, { "client-certificate-data": "", "client-key-data": "" }])
      await assert.rejects(get(memberWith(foreignUrl, user), "/version"), {
        code: "EBG-KUBERNETES",
        message: /names the server https:\/\/127\.0\.0\.1:\d+, but EKS says that cluster dev-blue is at https/,
      });
    await assert.rejects(get(memberWith("no address", { token: "t" }), "/version"), { code: "EBG-KUBERNETES" });
    assert.equal(connections, 0);
  });

  it("gets no token of another cluster or region", async () => {
    for (const user of [token("prod-payments"), token("dev-blue", "eu-west-1")])
      await assert.rejects(get(memberWith(real, user), "/version"), {
        code: "EBG-KUBERNETES",
        message: /asks for a token of cluster .*but the member's cluster is dev-blue in us-east-1/,
      });
    assert.deepEqual(eks.asked, [], "nobody was asked anything");
  });

  const ran = join(dir, "ran");
  const logins: Record<string, object> = {
    "a command": { exec: { command: "sh", args: ["-c", `touch ${ran}; echo '{}'`] } },
    "a command beside a token": { token: "t", exec: { command: "sh", args: ["-c", `touch ${ran}`] } },
    "a command that is called like the AWS CLI": { exec: { command: "aws", args: ["-c", `touch ${ran}`] } },
    "a login helper": { "auth-provider": { name: "gcp", config: { "cmd-path": `touch ${ran}` } } },
    "a file's content": { tokenFile: "/etc/hostname" },
    "nothing at all": {},
  };
  for (const [name, user] of Object.entries(logins))
    it(`signs in by ${name} only with --allow-exec`, async () => {
      await assert.rejects(get(memberWith(real, user), "/version"), (error: { code: string; remedy: string }) => {
        assert.match(error.remedy, /--allow-exec/);
        return error.code === "EBG-KUBERNETES";
      });
      assert.equal(existsSync(ran), false);
    });
  it("runs the command once that was allowed, and even then for EKS's server alone", async () => {
    const user = logins["a command"] as object;
    await withTrust({ exec: true }, async () => {
      await assert.rejects(get(memberWith(foreignUrl, user), "/version"), { message: /names the server/ });
      assert.equal(existsSync(ran), false);
      // The command's answer is no login; that it was asked is what counts.
      await assert.rejects(get(memberWith(real, user), "/version"));
      assert.equal(existsSync(ran), true);
    });
    assert.equal(connections, 0);
  });

  it("of a cluster that was made again leads to the new one", async () => {
    await accessOf(memberWith(real, token("dev-blue")));
    eks.clusters.set("dev-blue", { endpoint: "https://127.0.0.1:2", certificateAuthority: { data: ca } });
    assert.equal((await accessOf(memberWith("https://127.0.0.1:2", token("dev-blue")))).server.port, "2");
  });

  it("of a cluster that EKS does not have, or not yet, is a member that does not answer", async () => {
    eks.clusters.set("dev-blue", { status: "CREATING" });
    await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), {
      code: "EBG-MEMBER-UNREACHABLE",
      message: /EKS has none yet for cluster dev-blue \(CREATING\)/,
    });
    eks.clusters.delete("dev-blue");
    await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), {
      code: "EBG-MEMBER-UNREACHABLE",
      message: /EKS has no cluster dev-blue in us-east-1/,
    });
  });

  it("of a cluster that AWS fails to describe is no dead member", async () => {
    eks.fails = 400;
    await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), {
      code: "EBG-KUBERNETES",
      message: /EKS does not say where the API server of blue is/,
    });
  });

  it("is asked of EKS by one client, which knows how it was throttled before", async () => {
    const before = eks.connections;
    for (let times = 0; times < 3; times += 1) {
      forgetAddress(memberWith(real, {}));
      await accessOf(memberWith(real, token("dev-blue")));
    }
    assert.equal(eks.asked.length, 3);
    assert.ok(eks.connections - before <= 1, `${eks.connections - before} connections`);
  });

  describe("with --trust-state-addresses", () => {
    const trusting = <T>(work: () => Promise<T>) => withTrust({ addresses: true }, work);
    it("leads where it says while EKS fails, with its own certificates, and nowhere without it", async () => {
      eks.fails = 400;
      await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), (error: { code: string; remedy: string }) => {
        assert.match(error.remedy, /--trust-state-addresses/);
        return error.code === "EBG-KUBERNETES";
      });
      eks.asked.length = 0;
      await trusting(async () => {
        for (let times = 0; times < 3; times += 1) {
          const access = await accessOf(memberWith(real, token("dev-blue")));
          assert.deepEqual([access.server.origin, access.ca], [real, "-----BEGIN CERTIFICATE-----foreign"]);
        }
      });
      assert.deepEqual(eks.asked, ["dev-blue"], "one that is disturbed is not asked for every call");
      await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), { code: "EBG-KUBERNETES" });
    });

    it("is believed in nothing that EKS itself says: another server, no cluster, a denial", async () => {
      await trusting(async () => {
        await assert.rejects(accessOf(memberWith(foreignUrl, token("dev-blue"))), { message: /names the server/ });
        eks.clusters.delete("dev-blue");
        forgetAddress(memberWith(real, {}));
        await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), { code: "EBG-MEMBER-UNREACHABLE" });
        eks.fails = 403;
        await assert.rejects(accessOf(memberWith(real, token("dev-blue"))), { code: "EBG-CREDENTIALS" });
        eks.fails = 400;
        await assert.rejects(accessOf(memberWith("http://127.0.0.1:1", token("dev-blue"))), { code: "EBG-KUBERNETES" });
        await assert.rejects(accessOf(memberWith(real, token("other"))), { message: /token of cluster other/ });
      });
      assert.equal(connections, 0);
    });
  });
});
