/**
 * The program of the engine's test, without the providers' SDKs: they take seconds to load, and what counts here is
 * what goes over the wire.
 */
import * as pulumi from "@pulumi/pulumi";

class Resource extends pulumi.CustomResource {
  [output: string]: unknown;
  constructor(
    type: string,
    name: string,
    inputs: pulumi.Inputs,
    outputs: readonly string[] = [],
    options: pulumi.CustomResourceOptions = {},
  ) {
    super(type, name, { ...Object.fromEntries(outputs.map((output) => [output, undefined])), ...inputs }, options);
  }
  get(output: string): pulumi.Output<string> {
    return this[output] as pulumi.Output<string>;
  }
}
class Component extends pulumi.ComponentResource {
  declare readonly kubeconfigJson: pulumi.Output<string>;
  declare readonly core: pulumi.Output<unknown>;
  constructor(type: string, name: string, inputs: pulumi.Inputs, outputs: readonly string[] = []) {
    super(
      type,
      name,
      { ...Object.fromEntries(outputs.map((output) => [output, undefined])), ...inputs },
      { version: "4.3.0" },
      true,
    );
  }
}
class KubernetesProvider extends pulumi.ProviderResource {
  constructor(name: string, kubeconfig: pulumi.Input<string>, options: pulumi.ResourceOptions) {
    super("kubernetes", name, { kubeconfig }, { version: "4.34.2", ...options });
  }
}

export interface Settings {
  readonly replicas: number;
  readonly nodes: number;
  readonly healthCheckPath: string;
  readonly port: number;
}
const trust = (Service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });

/** The controller's chart in a cluster, from the repository that is everybody's. */
export const releaseProgram = (kubeconfig: string, values: object) => async (): Promise<void> => {
  const provider = new KubernetesProvider("blue", kubeconfig, {});
  new Resource(
    "kubernetes:helm.sh/v3:Release",
    "controller",
    {
      name: "aws-load-balancer-controller",
      namespace: "kube-system",
      chart: "aws-load-balancer-controller",
      version: "3.5.0",
      repositoryOpts: { repo: "https://aws.github.io/eks-charts" },
      values,
      timeout: 60,
    },
    [],
    { provider },
  );
};

/** Two clusters, constructed at the same time; a node group and a workload in the first. */
export const program = (settings: Settings) => async (): Promise<Record<string, unknown>> => {
  const aws = { version: "7.48.0" };
  const vpc = new Resource("aws:ec2/vpc:Vpc", "net", { cidrBlock: "10.42.0.0/16" }, [], aws);
  const subnets = ["a", "b"].map(
    (zone, index) =>
      new Resource(
        "aws:ec2/subnet:Subnet",
        `net-${zone}`,
        { vpcId: vpc.id, cidrBlock: `10.42.${16 * index}.0/20`, availabilityZone: `us-east-1${zone}` },
        [],
        aws,
      ),
  );
  const role = new Resource(
    "aws:iam/role:Role",
    "nodes",
    { assumeRolePolicy: trust("ec2.amazonaws.com") },
    ["arn"],
    aws,
  );
  const group = new Resource(
    "aws:lb/targetGroup:TargetGroup",
    "web",
    {
      port: settings.port,
      protocol: "TCP",
      targetType: "ip",
      vpcId: vpc.id,
      healthCheck: { protocol: "HTTP", path: settings.healthCheckPath },
    },
    ["arn"],
    aws,
  );
  const [blue, green] = ["blue", "green"].map(
    (name) =>
      new Component(
        "eks:index:Cluster",
        name,
        {
          name,
          version: "1.35",
          vpcId: vpc.id,
          subnetIds: subnets.map((one) => one.id),
          authenticationMode: "API",
          skipDefaultNodeGroup: true,
          createOidcProvider: name === "blue",
          kubeProxyAddonOptions: { version: "v1.35.0-eksbuild.1" },
          vpcCniOptions: { addonVersion: "v1.20.0-eksbuild.1" },
          accessEntries: {
            people: {
              principalArn: role.get("arn"),
              accessPolicies: {
                view: {
                  policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
                  accessScope: { type: "cluster" },
                },
              },
            },
          },
        },
        ["kubeconfigJson", "core"],
      ),
  ) as [Component, Component];
  const nodes = new Component("eks:index:ManagedNodeGroup", "blue-nodes", {
    cluster: blue.core,
    nodeGroupName: "main",
    nodeRoleArn: role.get("arn"),
    version: "1.35",
    scalingConfig: { minSize: 1, maxSize: 3, desiredSize: settings.nodes },
  });
  const provider = new KubernetesProvider("blue-kubernetes", blue.kubeconfigJson, { dependsOn: [nodes] });
  new Resource(
    "kubernetes:apps/v1:Deployment",
    "web",
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        replicas: settings.replicas,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "web", image: "registry.k8s.io/pause:3.10" }] },
        },
      },
    },
    [],
    { provider, dependsOn: [nodes] },
  );
  return {
    vpcId: vpc.id,
    kubeconfig: blue.kubeconfigJson,
    greenKubeconfig: green.kubeconfigJson,
    targetGroup: group.get("arn"),
  };
};
