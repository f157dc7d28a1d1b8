/** Command lines of the control planes' programs: real ones, cut to what a laptop needs. */
import type { ClusterCertificates, EtcdCertificates } from "./certificates";

export interface ApiServerSettings {
  readonly version: string;
  readonly port: number;
  readonly etcdUrl: string;
  readonly etcdCertificates: EtcdCertificates;
  readonly etcdPrefix: string;
  readonly serviceRange: string;
  readonly certificates: ClusterCertificates;
  /** Kubeconfig of the webhook that knows the bearer tokens of `aws eks get-token`. */
  readonly tokenWebhookFile: string;
  /** Through whom it connects to Services. */
  readonly egressFile: string;
}

const issuer = "https://kubernetes.default.svc";

export function apiServerArgs(settings: ApiServerSettings): string[] {
  const { certificates } = settings;
  return [
    `--etcd-servers=${settings.etcdUrl}`,
    `--etcd-cafile=${settings.etcdCertificates.caFile}`,
    `--etcd-certfile=${settings.etcdCertificates.clientCertFile}`,
    `--etcd-keyfile=${settings.etcdCertificates.clientKeyFile}`,
    `--etcd-prefix=${settings.etcdPrefix}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${settings.port}`,
    // A loopback address can't stand in the `kubernetes` Service's endpoints, and nobody looks for it there.
    "--endpoint-reconciler-type=none",
    `--service-cluster-ip-range=${settings.serviceRange}`,
    `--tls-cert-file=${certificates.servingCertFile}`,
    `--tls-private-key-file=${certificates.servingKeyFile}`,
    `--client-ca-file=${certificates.caFile}`,
    // Nodes' own addresses are VPC addresses, which nobody may dial; every Node has this one of the machine beside
    // them, for its logs.
    "--kubelet-preferred-address-types=ExternalDNS",
    `--kubelet-certificate-authority=${certificates.caFile}`,
    `--kubelet-client-certificate=${certificates.kubeletClientCertFile}`,
    `--kubelet-client-key=${certificates.kubeletClientKeyFile}`,
    `--service-account-key-file=${certificates.serviceAccountPublicKeyFile}`,
    `--service-account-signing-key-file=${certificates.serviceAccountKeyFile}`,
    `--service-account-issuer=${issuer}`,
    `--api-audiences=${issuer}`,
    "--authorization-mode=RBAC",
    `--authentication-token-webhook-config-file=${settings.tokenWebhookFile}`,
    "--authentication-token-webhook-version=v1",
    `--egress-selector-config-file=${settings.egressFile}`,
    // Short: an access entry that is made or removed counts at once.
    "--authentication-token-webhook-cache-ttl=5s",
    `--emulated-version=kube=${settings.version}`,
    "--allow-privileged=true",
    "--profiling=false",
    "--event-ttl=1h",
    // The sandbox's own clients are few and trusted: no queueing, and no memory for it.
    "--enable-priority-and-fairness=false",
    // Restarts are part of rehearsals: a stopped server is gone at once.
    "--shutdown-delay-duration=0s",
    "--v=1",
  ];
}

/** Controllers that would need a cloud, disks, kubelets' metrics or devices, none of which the sandbox has. */
const offControllers = [
  "node-ipam-controller",
  "node-route-controller",
  "service-lb-controller",
  "cloud-node-lifecycle-controller",
  "horizontal-pod-autoscaler-controller",
  "persistentvolume-attach-detach-controller",
  "persistentvolume-binder-controller",
  "persistentvolume-expander-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
  "ephemeral-volume-controller",
  "volumeattributesclass-protection-controller",
  "storage-version-migrator-controller",
  "storageversion-garbage-collector-controller",
  "certificatesigningrequest-signing-controller",
  "certificatesigningrequest-approving-controller",
  "certificatesigningrequest-cleaner-controller",
  "podcertificaterequest-cleaner-controller",
  "legacy-serviceaccount-token-cleaner-controller",
  "resourceclaim-controller",
  "device-taint-eviction-controller",
  "ttl-controller",
];

export function controllerManagerArgs(
  kubeconfigPath: string,
  version: string,
  certificates: ClusterCertificates,
): string[] {
  return [
    `--kubeconfig=${kubeconfigPath}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=0",
    `--controllers=${["*", ...offControllers.map((name) => `-${name}`)].join(",")}`,
    `--service-account-private-key-file=${certificates.serviceAccountKeyFile}`,
    `--root-ca-file=${certificates.caFile}`,
    "--use-service-account-credentials=false",
    `--emulated-version=kube=${version}`,
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--profiling=false",
    "--v=1",
  ];
}

export function schedulerArgs(kubeconfigPath: string, version: string): string[] {
  return [
    `--kubeconfig=${kubeconfigPath}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=0",
    `--emulated-version=kube=${version}`,
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--profiling=false",
    "--v=1",
  ];
}
