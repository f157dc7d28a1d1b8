/** EKS's own webhook for Pod Identity: one server for all clusters of a sandbox, which API servers ask on loopback. */
import https from "node:https";
import type { AddressInfo } from "node:net";
import { ApiClient, ApiError, readKubeconfig } from "../kubernetes/api-client";
import { createWebhookCertificate } from "../load-balancer-controller/webhooks/certificate";
import { KEEP_ALIVE_MS } from "../shared/keep-alive";
import { identityOf, type PodIdentity } from "../node-agent/programs/pod-faults";
import { scaledMs } from "../shared/clock";
import { identityPatch, type KnownAssociation, spreadSeconds } from "./inject";

export interface PodIdentityOptions {
  readonly region: string;
  readonly timeScale: number;
  readonly associations: (clusterName: string) => readonly KnownAssociation[];
  /** Asked of each pod that would get credentials: whether a fault keeps them from it. */
  readonly withholds: (clusterName: string, pod: PodIdentity) => boolean;
}

type Admitted = Parameters<typeof identityPatch>[0] & {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
};

interface Review {
  readonly request?: {
    readonly uid: string;
    readonly namespace?: string;
    readonly object: Admitted;
  };
}

export class PodIdentityWebhook {
  private constructor(
    private readonly server: https.Server,
    private readonly caBundle: string,
  ) {}

  static async start(options: PodIdentityOptions): Promise<PodIdentityWebhook> {
    const { certPem, keyPem, caBundle } = await createWebhookCertificate();
    const server = https.createServer(
      { cert: certPem, key: keyPem, keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          try {
            const body = answer(options, request.url ?? "", Buffer.concat(chunks).toString("utf8"));
            response.writeHead(200, { "content-type": "application/json" }).end(body);
          } catch (error) {
            response.writeHead(400).end(String(error));
          }
        });
      },
    );
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    return new PodIdentityWebhook(server, caBundle);
  }

  /** Registers it with a cluster's API server. May be repeated. */
  async install(clusterName: string, kubeconfig: string): Promise<void> {
    const client = new ApiClient(readKubeconfig(kubeconfig), "eks-stand-in");
    const { port } = this.server.address() as AddressInfo;
    try {
      await client.create(
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        configuration(`https://127.0.0.1:${port}/${encodeURIComponent(clusterName)}`, this.caBundle),
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    } finally {
      client.close();
    }
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/**
 * Name, policies and rules as in a cluster of EKS. Without kube-system: what the controller there has of AWS stands for
 * its role in another way, and must look nowhere else.
 */
const configuration = (url: string, caBundle: string): object => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "pod-identity-webhook" },
  webhooks: [
    {
      name: "iam-for-pods.amazonaws.com",
      clientConfig: { url, caBundle },
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "*" }],
      namespaceSelector: {
        matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system"] }],
      },
      failurePolicy: "Ignore",
      reinvocationPolicy: "IfNeeded",
      sideEffects: "None",
      timeoutSeconds: 10,
      admissionReviewVersions: ["v1"],
    },
  ],
});

/** While it is admitted a pod of a ReplicaSet has the beginning of its name alone. */
function named({ metadata = {} }: Admitted, namespace: string): PodIdentity {
  const { name, generateName, labels = {} } = metadata;
  return identityOf({ metadata: { name: name ?? generateName ?? "", namespace, labels } });
}

function answer({ region, timeScale, associations, withholds }: PodIdentityOptions, url: string, body: string): string {
  const { request } = JSON.parse(body) as Review;
  if (request === undefined) throw new Error("no admission request");
  const clusterName = decodeURIComponent(new URL(url, "https://webhook").pathname.slice(1));
  const namespace = request.namespace ?? "default";
  const due = identityPatch(request.object, namespace, associations(clusterName), {
    region,
    spreadMs: scaledMs(spreadSeconds, timeScale),
    now: Date.now(),
  });
  const patch = due !== null && withholds(clusterName, named(request.object, namespace)) ? null : due;
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid: request.uid,
      allowed: true,
      ...(patch === null
        ? {}
        : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
    },
  });
}
