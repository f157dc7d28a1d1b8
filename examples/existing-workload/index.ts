/**
 * What many teams have today, without anything of this package: one cluster, nginx, and a Service of type LoadBalancer
 * whose NLB the AWS
 * Load Balancer Controller made. Its target group is not shared: any other cluster that registered into it would be
 * thrown out.
 * `examples/extend` takes this workload in, as it runs, and adds a second cluster behind the same load balancer.
 */
import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";

const region = "us-east-1";
const clusterName = "pri-eks-clu1";
const kubernetesVersion = "1.35";
const name = "nginx";

const vpc = new aws.ec2.Vpc("shop", { cidrBlock: "10.44.0.0/16", enableDnsHostnames: true, tags: { Name: "shop" } });
const gateway = new aws.ec2.InternetGateway("shop", { vpcId: vpc.id });
const routes = new aws.ec2.RouteTable("shop", {
  vpcId: vpc.id,
  routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }],
});
const subnets = ["b", "c"].map((zone, index) => {
  const subnet = new aws.ec2.Subnet(`shop-${zone}`, {
    vpcId: vpc.id,
    availabilityZone: `${region}${zone}`,
    cidrBlock: `10.44.${index * 64}.0/18`,
    mapPublicIpOnLaunch: true,
    tags: { "kubernetes.io/role/elb": "1" },
  });
  new aws.ec2.RouteTableAssociation(`shop-${zone}`, { subnetId: subnet.id, routeTableId: routes.id });
  return subnet;
});
const subnetIds = subnets.map(({ id }) => id);

const cluster = new eks.Cluster("primary", {
  name: clusterName,
  version: kubernetesVersion,
  vpcId: vpc.id,
  publicSubnetIds: subnetIds,
  authenticationMode: eks.AuthenticationMode.Api,
  skipDefaultNodeGroup: true,
  skipDefaultSecurityGroups: true,
  corednsAddonOptions: { enabled: false },
});
const assume = (service: string, action: string[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: action }],
  });
const nodeRole = new aws.iam.Role("nodes", { assumeRolePolicy: assume("ec2.amazonaws.com", ["sts:AssumeRole"]) });
const nodePolicies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"].map(
  (policy) =>
    new aws.iam.RolePolicyAttachment(policy, { role: nodeRole.name, policyArn: `arn:aws:iam::aws:policy/${policy}` }),
);
const nodes = new eks.ManagedNodeGroup(
  "nodes",
  {
    cluster,
    nodeRoleArn: nodeRole.arn,
    subnetIds,
    instanceTypes: ["m6i.large"],
    scalingConfig: { minSize: 2, desiredSize: 2, maxSize: 4 },
  },
  { dependsOn: nodePolicies },
);

const role = new aws.iam.Role("controller", {
  assumeRolePolicy: assume("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]),
});
const permissions = new aws.iam.RolePolicy("controller", {
  role: role.name,
  // The controller's own document is longer and narrower: its docs/install/iam_policy.json.
  policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["elasticloadbalancing:*", "ec2:Describe*", "ec2:*SecurityGroup*", "ec2:CreateTags", "ec2:DeleteTags"],
        Resource: "*",
      },
      // The first load balancer of an account makes the role that ELB works with.
      {
        Effect: "Allow",
        Action: "iam:CreateServiceLinkedRole",
        Resource: "*",
        Condition: { StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" } },
      },
    ],
  }),
});
const agent = new aws.eks.Addon("agent", { clusterName, addonName: "eks-pod-identity-agent" }, { dependsOn: nodes });
const association = new aws.eks.PodIdentityAssociation(
  "controller",
  { clusterName, namespace: "kube-system", serviceAccount: "aws-load-balancer-controller", roleArn: role.arn },
  { dependsOn: [agent, permissions] },
);
const provider = new kubernetes.Provider("primary", { kubeconfig: cluster.kubeconfigJson });
const controller = new kubernetes.helm.v3.Release(
  "controller",
  {
    name: "aws-load-balancer-controller",
    namespace: "kube-system",
    chart: "aws-load-balancer-controller",
    version: "3.5.0",
    repositoryOpts: { repo: "https://aws.github.io/eks-charts" },
    values: {
      clusterName,
      region,
      vpcId: vpc.id,
      serviceAccount: { create: true, name: "aws-load-balancer-controller" },
    },
  },
  { provider, dependsOn: [association] },
);

const labels = { app: name };
const deployment = new kubernetes.apps.v1.Deployment(
  name,
  {
    metadata: { name, labels },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          // An NLB goes on sending new connections to a deregistered pod for up to five minutes.
          terminationGracePeriodSeconds: 360,
          containers: [
            {
              name,
              image: "nginx:1.29",
              ports: [{ containerPort: 80 }],
              env: [{ name: "MEMBER", value: "blue" }],
              readinessProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 5 },
              lifecycle: { preStop: { sleep: { seconds: 300 } } },
            },
          ],
        },
      },
    },
  },
  { provider, dependsOn: nodes },
);

const annotation = (suffix: string): string => `service.beta.kubernetes.io/aws-load-balancer-${suffix}`;
const service = new kubernetes.core.v1.Service(
  name,
  {
    metadata: {
      name,
      annotations: {
        [annotation("type")]: "external",
        [annotation("nlb-target-type")]: "ip",
        [annotation("scheme")]: "internet-facing",
        [annotation("attributes")]: "load_balancing.cross_zone.enabled=true",
        [annotation("target-group-attributes")]: "deregistration_delay.timeout_seconds=300",
      },
    },
    spec: {
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      selector: labels,
      ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
    },
  },
  { provider, dependsOn: [controller, deployment] },
);

export const vpcId = vpc.id;
export const publicSubnetIds = subnetIds;
export const address = service.status.loadBalancer.ingress.apply(([first]) => first?.hostname);
