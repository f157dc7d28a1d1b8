/** The controller's command line: `--name=value` or `--name`, as Go's flags are. */
import { join } from "node:path";

export interface Flags {
  readonly clusterName: string;
  readonly region: string;
  readonly vpcId: string;
  /** Target type of a load balancer's Service that names none. Default `instance`. */
  readonly defaultTargetType: "instance" | "ip";
  /**
   * Feature gate `ServiceTypeLoadBalancerOnly`, default off: without it a Service of any type with the annotation
   * `aws-load-balancer-type: external` gets a load balancer.
   */
  readonly loadBalancerTypeOnly: boolean;
  /** Kubeconfig file; null: the variable KUBECONFIG names it. */
  readonly kubeconfig: string | null;
  /** Where /readyz answers, `host:port`; null: the variable HEALTH_PORT, on loopback. */
  readonly healthAddress: string | null;
  /**
   * A serving certificate and port that somebody else points the webhooks at; null: it makes both, and points them
   * itself.
   */
  readonly webhook: { readonly port: number; readonly certFile: string; readonly keyFile: string } | null;
  /** Flags that change nothing here. */
  readonly ignored: readonly string[];
}

export function parseFlags(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Flags {
  const values = new Map<string, string>();
  for (const arg of args) {
    const found = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(arg);
    if (found?.[1]) values.set(found[1], found[2] ?? "true");
  }
  const used = [
    "cluster-name",
    "aws-region",
    "aws-vpc-id",
    "default-target-type",
    "feature-gates",
    "kubeconfig",
    "health-probe-bind-addr",
    "webhook-bind-port",
    "webhook-cert-dir",
    "webhook-cert-file",
    "webhook-key-file",
  ];
  // As a pod it is told by the node where the chart's certificate is mounted, and which port of this machine is its.
  const certificates = values.get("webhook-cert-dir") ?? env["WEBHOOK_CERT_DIR"];
  return {
    clusterName: values.get("cluster-name") ?? "",
    region: values.get("aws-region") ?? env["AWS_REGION"] ?? "",
    vpcId: values.get("aws-vpc-id") ?? "",
    defaultTargetType: values.get("default-target-type") === "ip" ? "ip" : "instance",
    loadBalancerTypeOnly: /(^|,)ServiceTypeLoadBalancerOnly=true(,|$)/.test(values.get("feature-gates") ?? ""),
    kubeconfig: values.get("kubeconfig") ?? null,
    healthAddress: values.get("health-probe-bind-addr") ?? null,
    webhook:
      certificates === undefined
        ? null
        : {
            port: Number(values.get("webhook-bind-port") ?? env["WEBHOOK_PORT"] ?? "9443"),
            certFile: join(certificates, values.get("webhook-cert-file") ?? "tls.crt"),
            keyFile: join(certificates, values.get("webhook-key-file") ?? "tls.key"),
          },
    ignored: [...values.keys()].filter((name) => !used.includes(name)),
  };
}
