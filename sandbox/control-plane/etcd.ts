/** One etcd for all control planes of a sandbox, each under a prefix of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../processes/ports";
import type { Child, Supervisor } from "../processes/supervisor";
import { SandboxError } from "../shared/errors";
import { httpsOk, logHint, waitUntil } from "../processes/readiness";
import { createEtcdCertificates, type EtcdCertificates } from "./certificates";

export class Etcd {
  private child: Child | null = null;
  private clientUrl = "";
  private peerUrl = "";
  private made: EtcdCertificates | null = null;
  /** From ready to stop: only then a crash is answered by a new start. */
  private running = false;

  constructor(
    private readonly dir: string,
    private readonly binary: string,
    private readonly supervisor: Supervisor,
  ) {}

  get url(): string {
    return this.clientUrl;
  }

  /** Once started. */
  get certificates(): EtcdCertificates {
    if (this.made === null) throw new Error("etcd has not been started");
    return this.made;
  }

  async start(): Promise<void> {
    this.made = await createEtcdCertificates(join(this.dir, "pki", "etcd"));
    for (let attempt = 1; ; attempt += 1) {
      this.clientUrl = `https://127.0.0.1:${await freePort()}`;
      this.peerUrl = `https://127.0.0.1:${await freePort()}`;
      this.spawn();
      try {
        await this.ready();
        this.running = true;
        return;
      } catch (error) {
        await this.child?.stop(0);
        // Another process may have taken the port between the look and the start.
        if (attempt >= 3) throw error;
      }
    }
  }

  /** After a crash: same ports, same data. */
  private spawn(): void {
    const { caFile, serverCertFile, serverKeyFile } = this.certificates;
    this.child = this.supervisor.start({
      name: "etcd",
      command: this.binary,
      args: [
        "--name=sandbox",
        `--data-dir=${join(this.dir, "etcd")}`,
        `--listen-client-urls=${this.clientUrl}`,
        `--advertise-client-urls=${this.clientUrl}`,
        `--listen-peer-urls=${this.peerUrl}`,
        `--initial-advertise-peer-urls=${this.peerUrl}`,
        `--initial-cluster=sandbox=${this.peerUrl}`,
        // Any user of the machine reaches the ports.
        ...["", "peer-"].flatMap((prefix) => [
          `--${prefix}client-cert-auth=true`,
          `--${prefix}trusted-ca-file=${caFile}`,
          `--${prefix}cert-file=${serverCertFile}`,
          `--${prefix}key-file=${serverKeyFile}`,
        ]),
        // Nothing of a rehearsal needs to survive a power cut.
        "--unsafe-no-fsync",
        "--log-level=warn",
        "--snapshot-count=5000",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=10m",
        "--quota-backend-bytes=1073741824",
      ],
      env: { PATH: process.env["PATH"] ?? "", GOGC: "75" },
      onUnexpectedExit: () => {
        setTimeout(() => {
          if (this.running) this.spawn();
        }, 200);
      },
    });
  }

  private async ready(): Promise<void> {
    const child = this.child;
    const { caFile, clientCertFile, clientKeyFile } = this.certificates;
    const tls = { ca: readFileSync(caFile), cert: readFileSync(clientCertFile), key: readFileSync(clientKeyFile) };
    await waitUntil(
      async () => {
        if (child?.ended != null)
          throw new SandboxError("SBX-ETCD", `etcd ended with ${child.ended}`, logHint(child.logFile));
        return httpsOk(Number(new URL(this.clientUrl).port), "/health", tls);
      },
      { timeoutMs: 20_000, what: "etcd to be healthy", log: child?.logFile ?? "" },
    );
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.child?.stop(0);
  }
}
