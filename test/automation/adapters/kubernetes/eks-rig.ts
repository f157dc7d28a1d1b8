import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeLookups } from "../../../../automation/adapters/kubernetes/cluster-lookup";
import type { MemberOutputs } from "../../../../stacks/contract";

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
  /** Connections that were made to it. */
  connections = 0;
  /** Answers with this status instead: 400 is a failure of EKS, 403 a denial. */
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
        ...(status === 403 ? { "x-amzn-errortype": "AccessDeniedException" } : {}),
        ...(status === 400 ? { "x-amzn-errortype": "ServerException" } : {}),
      });
      response.end(JSON.stringify(status === 200 ? { cluster: { name, ...cluster } } : { message: `no ${name}` }));
    });
  }

  async start(): Promise<void> {
    // A client that another test's file left in this process would ask another endpoint.
    closeLookups();
    this.server.on("connection", () => (this.connections += 1));
    // Whoever keeps a connection can use it as long as he likes.
    this.server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    for (const [name, value] of Object.entries({ ...variables, AWS_ENDPOINT_URL_EKS: endpoint })) {
      this.saved.set(name, process.env[name]);
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  /** The member `blue`, whose cluster `dev-blue` has its API server there; EKS tells so from now on. */
  blueAt(endpoint: string, caData: string): MemberOutputs {
    this.clusters.set("dev-blue", { endpoint, certificateAuthority: { data: caData } });
    const kubeconfig = JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: endpoint, "certificate-authority-data": caData } }],
      users: [{ name: "u", user: { token: "t" } }],
    });
    return { member: "blue", clusterName: "dev-blue", endpoint, region: "us-east-1", kubeconfig } as MemberOutputs;
  }
  async stop(): Promise<void> {
    for (const [name, value] of this.saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    closeLookups();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
