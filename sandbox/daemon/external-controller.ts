/** What a person needs who attaches a real AWS Load Balancer Controller to the sandbox's clusters. */
import type { SandboxInfo } from "../contract";
import type { ClusterStatus, SandboxStatus } from "./status";

const namespace = "kube-system";
const quote = (value: string): string => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`);

/** Ports of the n-th controller: all run on one machine. */
const portsOf = (index: number): { readonly webhook: number; readonly health: number; readonly metrics: number } => ({ webhook: 9443 + index, health: 61_779 + index, metrics: 61_879 + index });

/** Flags of v3.5.0. */
function flagsOf(cluster: ClusterStatus, region: string, index: number): string[] {
  const ports = portsOf(index);
  return [
    `--kubeconfig=${cluster.kubeconfig}`, `--cluster-name=${cluster.name}`, `--aws-region=${region}`, `--aws-vpc-id=${cluster.vpcId ?? "VPC_ID"}`, `--leader-election-namespace=${namespace}`,
    `--webhook-bind-port=${ports.webhook}`, `--webhook-cert-dir=CERTIFICATES/${cluster.name}`, `--webhook-cert-file=tls.crt`, `--webhook-key-file=tls.key`, `--health-probe-bind-addr=127.0.0.1:${ports.health}`, `--metrics-bind-addr=127.0.0.1:${ports.metrics}`,
    // Services of AWS that the sandbox's moto does not play.
    "--enable-shield=false", "--enable-waf=false", "--enable-wafv2=false",
  ];
}

function instructionsFor(cluster: ClusterStatus, region: string, index: number): string[] {
  const ports = portsOf(index);
  return [
    `Cluster ${cluster.name} (Kubernetes ${cluster.version}, ${cluster.endpoint}):`,
    `  controller ${flagsOf(cluster, region, index).map(quote).join(" \\\n    ")}`,
    `  Webhooks: the chart's configurations name a Service, which can't reach a process outside the cluster. Set each webhook's clientConfig to {"url": "https://127.0.0.1:${ports.webhook}/<its path>", "caBundle": <of tls.crt's authority>} in`,
    `    kubectl --kubeconfig ${quote(cluster.kubeconfig)} edit mutatingwebhookconfiguration,validatingwebhookconfiguration aws-load-balancer-webhook`,
    "    or delete both: bindings are then neither checked nor completed (give targetType and vpcID yourself), and pods get no readiness gates.",
  ];
}

/** Lines for a person, one cluster after the other; empty when the sandbox runs the stand-in. */
export function externalControllerInstructions(info: SandboxInfo, status: SandboxStatus): string[] {
  if (status.lbc !== "external") return [];
  const aws = Object.entries(info.env).filter(([name]) => /^AWS_(ENDPOINT_URL|ACCESS_KEY_ID|SECRET_ACCESS_KEY|REGION|EC2_METADATA_DISABLED|CONFIG_FILE|SHARED_CREDENTIALS_FILE)$/.test(name));
  return [
    "This sandbox runs no load balancer controller (--lbc external): attach a real one, v3.5.0, to each cluster. Its pods of the Helm release stay, and do nothing.",
    "Environment of every controller (instead of --aws-api-endpoints; nothing of your own AWS_* beside it):",
    ...aws.map(([name, value]) => `  ${name}=${quote(value)}`),
    `The controller's clock is real: at ${status.timeScale} times AWS's speed its poll intervals seem long. Start the sandbox with --time-scale 1 to see its true timing.`,
    "A serving certificate for 127.0.0.1 (tls.crt, tls.key) is wanted in CERTIFICATES/<cluster>: openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=webhook -addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.crt",
    ...(status.clusters.length === 0 ? ["There is no cluster yet: look again with `eks-blue-green sandbox status` once one is there."] : []),
    ...status.clusters.flatMap((cluster, index) => ["", ...instructionsFor(cluster, info.region, index)]),
  ];
}
