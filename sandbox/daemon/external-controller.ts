/**
 * What a person needs who attaches a real AWS Load Balancer Controller to the sandbox's clusters (`--lbc external`):
 * for each cluster a
 * folder `<dir>/lbc/<cluster>` with the controller's environment, a serving certificate, the webhook configurations
 * that lead to it, and
 * `run.sh`, which starts any controller with all of it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxInfo } from "../contract";
import { createWebhookCertificate } from "../load-balancer-controller/webhooks/certificate";
import { pointedConfigurations, type PointedConfiguration } from "../load-balancer-controller/webhooks/pointer";
import { environmentScript } from "./environment";
import { freePort } from "../processes/ports";
import type { ClusterStatus, SandboxStatus } from "./status";

const namespace = "kube-system";
const quote = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;

export interface ExternalController {
  /** Starts a controller: its path, and flags of one's own, are the arguments. */
  readonly script: string;
  /** On which it answers /readyz, by its flag --health-probe-bind-addr. */
  readonly healthPort: number;
}

export interface ExternalSettings {
  /** The sandbox's folder. */
  readonly dir: string;
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly region: string;
  readonly vpcId: string | null;
  /** The controller's own AWS_* variables: its key stands for its role. */
  readonly awsEnv: Readonly<Record<string, string>>;
}

interface Ports {
  readonly webhook: number;
  readonly health: number;
  readonly metrics: number;
}

/** Flags of v3.5.0. */
export function controllerFlags(
  { cluster, kubeconfig, region, vpcId }: ExternalSettings,
  folder: string,
  ports: Ports,
): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--cluster-name=${cluster}`,
    `--aws-region=${region}`,
    `--aws-vpc-id=${vpcId ?? "VPC_ID"}`,
    `--leader-election-namespace=${namespace}`,
    `--webhook-bind-port=${ports.webhook}`,
    `--webhook-cert-dir=${folder}`,
    "--webhook-cert-file=tls.crt",
    "--webhook-key-file=tls.key",
    `--health-probe-bind-addr=127.0.0.1:${ports.health}`,
    `--metrics-bind-addr=127.0.0.1:${ports.metrics}`,
    // Services of AWS that the sandbox's moto does not play.
    "--enable-shield=false",
    "--enable-waf=false",
    "--enable-wafv2=false",
  ];
}

/** Services may be made while nobody is attached: the chart of our own programs asks for no webhook there at all. */
const lenient = (configuration: PointedConfiguration): object => ({
  ...configuration,
  webhooks: configuration.webhooks?.map((one) =>
    one.name === "mservice.elbv2.k8s.aws" ? { ...one, failurePolicy: "Ignore" } : one,
  ),
});

/** Writes the cluster's folder. */
export async function prepareExternalController(settings: ExternalSettings): Promise<ExternalController> {
  const folder = join(settings.dir, "lbc", settings.cluster);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certificate = await createWebhookCertificate();
  const ports = { webhook: await freePort(), health: await freePort(), metrics: await freePort() };
  const write = (name: string, text: string, mode = 0o600): void => writeFileSync(join(folder, name), text, { mode });
  write("tls.crt", certificate.certPem);
  write("tls.key", certificate.keyPem);
  write(
    "webhooks.json",
    JSON.stringify(
      {
        apiVersion: "v1",
        kind: "List",
        items: pointedConfigurations({ port: ports.webhook, caBundle: certificate.caBundle }).map(lenient),
      },
      null,
      2,
    ),
  );
  write(
    "env.sh",
    environmentScript({ ...settings.awsEnv, KUBECONFIG: settings.kubeconfig, NO_PROXY: "*", no_proxy: "*" }, [
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "ALL_PROXY",
      "http_proxy",
      "https_proxy",
      "all_proxy",
    ]),
  );
  const script = join(folder, "run.sh");
  write(
    "run.sh",
    [
      "#!/bin/sh",
      "# Runs a load balancer controller for this cluster: run.sh CONTROLLER [FLAG…], in the foreground.",
      "set -e",
      `[ $# -gt 0 ] || { echo "usage: $0 CONTROLLER [FLAG...]" >&2; exit 2; }`,
      `. ${quote(join(folder, "env.sh"))}`,
      "# A real controller finds these as its chart made them, and they name a Service, which can't reach a " +
        "process outside of the cluster.",
      `${quote(join(settings.dir, "bin", "kubectl"))} apply -f ${quote(join(folder, "webhooks.json"))} > /dev/null`,
      `exec "$@" ${controllerFlags(settings, folder, ports).map(quote).join(" \\\n  ")}`,
      "",
    ].join("\n"),
    0o700,
  );
  return { script, healthPort: ports.health };
}

/** Lines for a person, one cluster after the other; empty when the sandbox runs the stand-in. */
export function externalControllerInstructions(info: SandboxInfo, status: SandboxStatus): string[] {
  if (status.lbc !== "external") return [];
  const run = (cluster: ClusterStatus): string =>
    `  ${quote(cluster.attach ?? join(info.dir, "lbc", cluster.name, "run.sh"))} CONTROLLER      # ` +
    `${cluster.name}, Kubernetes ${cluster.version}, ${cluster.vpcId ?? "no VPC"}`;
  return [
    "This sandbox runs no load balancer controller (--lbc external): attach one, v3.5.0 or what you want to try, " +
      "to each cluster. Its pods of the chart are there,",
    "do nothing, and get ready when the attached controller answers /readyz: whoever waits for them (a Helm " +
      "release, an update) waits for you.",
    ...(status.clusters.length === 0
      ? [
          `There is no cluster yet. Each one gets a folder ${join(info.dir, "lbc")}/CLUSTER as soon as it is ` +
            "there; in a shell of its own:",
          `  ${join(info.dir, "lbc")}/CLUSTER/run.sh CONTROLLER`,
        ]
      : ["In a shell of its own for each:", ...status.clusters.map(run)]),
    "CONTROLLER is the path of the controller's program. run.sh gives it kubeconfig, cluster name, region, VPC, " +
      "keys of its own, AWS's endpoint, ports and a serving certificate",
    "(env.sh, tls.crt, tls.key beside it), points the chart's webhooks at it (webhooks.json), and runs it in the " +
      "foreground; further arguments are flags of your own.",
    `Its clock is real: at ${status.timeScale} times AWS's speed its poll intervals seem long. Start the sandbox ` +
      "with --time-scale 1 to see its true timing.",
  ];
}
