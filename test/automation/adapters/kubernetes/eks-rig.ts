import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const variables = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_SESSION_TOKEN: undefined,
  AWS_MAX_ATTEMPTS: undefined,
} as const;

/** Answers eks:DescribeCluster in this process, and points the SDK at it. */
export class EksRig {
  readonly clusters = new Map<string, object>();
  /** Names that were asked for. */
  readonly asked: string[] = [];
  /** Answers with this status instead. */
  fails: number | null = null;
  private readonly server: Server;
  private readonly saved = new Map<string, string | undefined>();

  constructor() {
    this.server = createServer((request, response) => {
      const name = decodeURIComponent((request.url ?? "").replace(/^\/clusters\//, ""));
      this.asked.push(name);
      const cluster = this.clusters.get(name);
      const status = this.fails ?? (cluster === undefined ? 404 : 200);
      response.writeHead(status, {
        "content-type": "application/json",
        ...(status === 404 ? { "x-amzn-errortype": "ResourceNotFoundException" } : {}),
        ...(status === 400 ? { "x-amzn-errortype": "ServerException" } : {}),
      });
      response.end(JSON.stringify(status === 200 ? { cluster: { name, ...cluster } } : { message: `no ${name}` }));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    for (const [name, value] of Object.entries({ ...variables, AWS_ENDPOINT_URL_EKS: endpoint })) {
      this.saved.set(name, process.env[name]);
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  async stop(): Promise<void> {
    for (const [name, value] of this.saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
