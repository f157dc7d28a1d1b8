/** One cluster of the integration test: its objects are written by hand, its controller is a process. */
import fs from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import type { Child, Supervisor } from "../../../sandbox/processes/supervisor";
import { chartManifests, loadBalancerControllerCrds } from "../../../sandbox/load-balancer-controller/chart/crds";
import { CHECKPOINT } from "../../../sandbox/load-balancer-controller/bindings/checkpoint";
import type { TargetGroupBinding, TargetGroupBindingSpec } from "../../../sandbox/load-balancer-controller/types";
import { ApiClient, readKubeconfig } from "../../../sandbox/kubernetes/api-client";
import { orGone } from "../../../sandbox/kubernetes/retry";
import { until } from "../node-agent/harness";

const ROOT = path.join(__dirname, "..", "..", "..");
const MAIN = path.join(ROOT, "sandbox", "load-balancer-controller", "main");
/** The sources as they are now, whatever was built before. */
const COMMAND = fs.existsSync(`${MAIN}.ts`)
  ? ["-r", path.join(ROOT, "scripts", "esbuild-register.cjs"), `${MAIN}.ts`]
  : [`${MAIN}.js`];
const SYSTEM = "kube-system";
const PLACES: Readonly<Record<string, string>> = {
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  ServiceAccount: `/api/v1/namespaces/${SYSTEM}/serviceaccounts`,
  Service: `/api/v1/namespaces/${SYSTEM}/services`,
  Deployment: `/apis/apps/v1/namespaces/${SYSTEM}/deployments`,
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${SYSTEM}/roles`,
  RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${SYSTEM}/rolebindings`,
  IngressClass: "/apis/networking.k8s.io/v1/ingressclasses",
  MutatingWebhookConfiguration: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  ValidatingAdmissionPolicy: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
};
const BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/namespaces/default/targetgroupbindings";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const CORE = "/api/v1/namespaces/default";

export interface ClusterSettings {
  readonly name: string;
  /** Third octet of its pods' addresses, 10.42.<octet>.x. */
  readonly octet: number;
  readonly kubeconfigPath: string;
  readonly supervisor: Supervisor;
  readonly awsEndpoint: string;
  readonly region: string;
  readonly vpcId: string;
  readonly timeScale: number;
}

export interface Event {
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly involvedObject: { readonly name: string };
}

type Binding = TargetGroupBinding & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
};

export class TestCluster {
  readonly client: ApiClient;
  private controller: Child | null = null;

  constructor(readonly settings: ClusterSettings) {
    this.client = new ApiClient(readKubeconfig(settings.kubeconfigPath));
  }

  /** The chart without its pods: the controller's process is started by hand. */
  async install(): Promise<void> {
    const chart = chartManifests({
      releaseName: "aws-load-balancer-controller",
      namespace: SYSTEM,
      version: "3.5.0",
      values: {
        clusterName: this.settings.name,
        region: this.settings.region,
        vpcId: this.settings.vpcId,
        replicaCount: 0,
      },
    });
    // With the policy: all that the controller does here it does as its service account, and past nobody's guard.
    const file = fs.readFileSync(path.join(ROOT, "policies", "target-configmaps.yaml"), "utf8");
    const policy = parseAllDocuments(file).map((one) => one.toJS() as unknown);
    for (const manifest of [...loadBalancerControllerCrds, ...chart, ...policy] as readonly { readonly kind: string }[])
      await this.client.create(PLACES[manifest.kind] ?? "", manifest);
    await until(
      "the default service account",
      async () => (await orGone(this.client.get(`${CORE}/serviceaccounts/default`))) !== undefined,
    );
  }

  /** Resolves when it has listed everything. `timeScale` differs from the cluster's in tests of long times. */
  async startController(timeScale = this.settings.timeScale): Promise<void> {
    const { name, supervisor, kubeconfigPath, awsEndpoint, region, vpcId } = this.settings;
    const logged = this.log().length;
    this.controller = supervisor.start({
      name: `controller-${name}`,
      command: process.execPath,
      args: [
        ...COMMAND,
        `--cluster-name=${name}`,
        `--aws-region=${region}`,
        `--aws-vpc-id=${vpcId}`,
        "--ingress-class=alb",
      ],
      env: {
        PATH: process.env["PATH"] ?? "",
        KUBECONFIG: kubeconfigPath,
        SERVICE_ACCOUNT: `${SYSTEM}:aws-load-balancer-controller`,
        AWS_ENDPOINT_URL: awsEndpoint,
        AWS_ACCESS_KEY_ID: `AKIA${name.toUpperCase()}`,
        AWS_SECRET_ACCESS_KEY: "x",
        EKS_BLUE_GREEN_TIME_SCALE: String(timeScale),
        HEALTH_PORT: "0",
      },
      cwd: ROOT,
    });
    const child = this.controller;
    await until(
      "the controller's caches",
      () => {
        if (child.ended !== null) throw new Error(`the controller ended: ${this.log().slice(logged)}`);
        return this.log().slice(logged).includes("caches are filled");
      },
      30_000,
    );
  }

  log(): string {
    const file = path.join(path.dirname(this.controller?.logFile ?? ""), `controller-${this.settings.name}.log`);
    return this.controller && fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  }

  /** kill -9. */
  async killController(): Promise<void> {
    await this.controller?.stop(0);
  }
  async restartController(timeScale?: number): Promise<void> {
    await this.killController();
    await this.startController(timeScale);
  }

  address(n: number): string {
    return `10.42.${this.settings.octet}.${n}:8080`;
  }

  /** By default without selector: the endpoints are written by hand. */
  async service(name: string, selector?: object): Promise<void> {
    await this.client.create(`${CORE}/services`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { ...(selector ? { selector } : {}), ports: [{ name: "http", port: 80, targetPort: 8080 }] },
    });
  }
  async deleteService(name: string): Promise<void> {
    await this.client.delete(`${CORE}/services/${name}`);
  }

  /**
   * The Service's only slice: ready pods with these last octets, and whatever else. The pods are made when they are
   * missing.
   */
  async endpoints(service: string, ready: readonly number[], others: readonly object[] = []): Promise<void> {
    for (const n of ready) await this.pod(`${service}-${n}`);
    const endpoints = [...ready.map((n) => this.endpoint(service, n)), ...others];
    const path_ = `${SLICES}/${service}-1`;
    if (await orGone(this.client.get(path_))) await this.client.patch(path_, "merge", { endpoints });
    else
      await this.client.create(SLICES, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
        addressType: "IPv4",
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
        endpoints,
      });
  }

  endpoint(service: string, n: number, conditions: object = { ready: true }): object {
    return {
      addresses: [this.address(n).split(":")[0]],
      conditions,
      targetRef: { kind: "Pod", name: `${service}-${n}`, namespace: "default" },
    };
  }

  async pod(name: string, spec: object = {}, labels: object = {}): Promise<void> {
    if (await orGone(this.client.get(`${CORE}/pods/${name}`))) return;
    await this.client.create(`${CORE}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels },
      spec: { containers: [{ name: "a", image: "x" }], ...spec },
    });
  }
  /** A ready node without kubelet; the control plane believes it for about 50 s. */
  async node(name: string, instanceId: string): Promise<void> {
    const now = new Date().toISOString();
    await this.client.create("/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      spec: { providerID: `aws:///eu-west-1a/${instanceId}` },
    });
    await this.client.patch(`/api/v1/nodes/${name}/status`, "strategic", {
      status: {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "KubeletReady",
            message: "",
            lastHeartbeatTime: now,
            lastTransitionTime: now,
          },
        ],
      },
    });
  }
  async podStatus(name: string, status: object): Promise<void> {
    await this.client.patch(`${CORE}/pods/${name}/status`, "strategic", { status });
  }

  async bind(name: string, spec: Partial<TargetGroupBindingSpec>): Promise<Binding> {
    return this.client.create<Binding>(BINDINGS, {
      apiVersion: "elbv2.k8s.aws/v1beta1",
      kind: "TargetGroupBinding",
      metadata: { name },
      spec: { serviceRef: { name, port: 80 }, ...spec },
    });
  }
  async patchBinding(name: string, change: object): Promise<Binding> {
    return this.client.patch<Binding>(`${BINDINGS}/${name}`, "merge", change);
  }
  binding(name: string): Promise<Binding | undefined> {
    return orGone(this.client.get<Binding>(`${BINDINGS}/${name}`));
  }
  async clearCheckpoint(name: string): Promise<void> {
    await this.patchBinding(name, { metadata: { annotations: { [CHECKPOINT]: null } } });
  }
  /** Service, endpoints and binding of one name, up to the binding's being done. */
  async serve(name: string, ready: readonly number[], spec: Partial<TargetGroupBindingSpec>): Promise<void> {
    await this.service(name);
    await this.endpoints(name, ready);
    await this.bind(name, spec);
    await this.untilDone(name);
  }

  /** Fact 3's "done". */
  async untilDone(name: string): Promise<void> {
    await until(`${this.settings.name}'s binding ${name} to be done`, async () => {
      const binding = await this.binding(name);
      return (
        Boolean(binding?.metadata.annotations?.[CHECKPOINT]) &&
        binding?.status?.observedGeneration === binding?.metadata.generation
      );
    });
  }
  async deleteBinding(name: string): Promise<void> {
    await this.client.delete(`${BINDINGS}/${name}`);
    await until(
      `${this.settings.name}'s binding ${name} to be gone`,
      async () => (await this.binding(name)) === undefined,
    );
  }
  startDeletingBinding(name: string): Promise<unknown> {
    return this.client.delete(`${BINDINGS}/${name}`);
  }

  configMap(
    name: string,
  ): Promise<{ readonly metadata: object; readonly data?: { readonly targets?: string } } | undefined> {
    return orGone(this.client.get(`${CORE}/configmaps/aws-lbc-targets-${name}`));
  }
  async recorded(name: string): Promise<string | undefined> {
    return (await this.configMap(name))?.data?.targets?.split(",").sort().join(",");
  }
  async deleteConfigMap(name: string): Promise<void> {
    await this.client.delete(`${CORE}/configmaps/aws-lbc-targets-${name}`);
  }

  async events(name: string): Promise<Event[]> {
    return (await this.client.get<{ readonly items: readonly Event[] }>(`${CORE}/events`)).items.filter(
      (event) => event.involvedObject.name === name,
    );
  }

  async stop(): Promise<void> {
    await this.killController();
    this.client.close();
  }
}
