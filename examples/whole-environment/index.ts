/**
 * A whole environment in one program: network, shared load balancer, and two members that both receive traffic.
 * Good for a first look and for tests. For upgrades by the driver, use the stack family of this repository
 * (`Pulumi.yaml`, `stacks/`).
 */
import * as pulumi from "@pulumi/pulumi";
import {
  Cluster,
  LoadBalancerController,
  MemberIngress,
  MultiClusterService,
  Network,
  SharedLoadBalancer,
  Workload,
} from "../../index";

const region = "us-east-1";
const network = new Network("shop", { cidrBlock: "10.42.0.0/16", availabilityZones: [`${region}a`, `${region}b`] });
const balancer = new SharedLoadBalancer("shop", {
  loadBalancerName: "shop",
  vpcId: network.vpcId,
  subnetIds: network.publicSubnetIds,
  podCidrBlock: network.cidrBlock,
  services: [{ name: "web", port: 80, targetPort: 8080, healthCheckPath: "/" }],
});

function addMember(member: string, version: string): pulumi.Output<string> {
  const cluster = new Cluster(member, {
    clusterName: `shop-${member}`,
    version,
    vpcId: network.vpcId,
    privateSubnetIds: network.privateSubnetIds,
    nodes: { instanceTypes: ["m6i.large"], minSize: 2, desiredSize: 2, maxSize: 4 },
    addons: {
      vpcCni: "v1.20.4-eksbuild.1",
      kubeProxy: `v${version}.0-eksbuild.2`,
      coredns: "v1.12.4-eksbuild.1",
      podIdentityAgent: "v1.3.9-eksbuild.3",
    },
  });
  const ingress = new MemberIngress(member, {
    podSecurityGroupId: cluster.podSecurityGroupId,
    loadBalancerSecurityGroupId: balancer.securityGroupId,
    ports: [8080],
  });
  const controller = new LoadBalancerController(
    member,
    {
      clusterName: cluster.clusterName,
      region,
      vpcId: network.vpcId,
      runsAfter: cluster.ready,
      targetGroupArns: Object.values(balancer.services).map(({ targetGroupArn }) => targetGroupArn),
    },
    { providers: [cluster.provider], dependsOn: cluster.controlPlane },
  );
  const inCluster = { provider: cluster.provider };
  const web = new Workload(
    `${member}-web`,
    {
      workloadName: "web",
      namespace: "web",
      createNamespace: true,
      image: "nginxinc/nginx-unprivileged:1.29",
      containerPort: 8080,
      healthCheckPath: "/",
      replicas: 3,
      podSecurity: { profile: "restricted", serviceAccountToken: false },
      memberName: member,
    },
    { ...inCluster, dependsOn: [controller] },
  );
  const shared = balancer.services["web"];
  if (shared !== undefined) {
    new MultiClusterService(
      `${member}-web`,
      {
        namespace: "web",
        serviceName: web.serviceName,
        servicePort: web.servicePort,
        targetGroups: [{ bindingName: "web", targetGroupArn: shared.targetGroupArn }],
        active: true,
      },
      { ...inCluster, dependsOn: [controller, ingress, web] },
    );
  }
  return cluster.kubeconfig;
}

export const kubeconfigs = { blue: addMember("blue", "1.34"), green: addMember("green", "1.35") };
export const address = balancer.dnsName;
