/**
 * The components inside a program of your own: two clusters that exist already (whoever made them), with the AWS Load
 * Balancer
 * Controller 2.10 or newer in both, serve one Service behind one target group.
 *
 *   pulumi config set vpcId vpc-0123456789abcdef0
 *   pulumi config set --path 'subnetIds[0]' subnet-…            (public subnets, at least two zones)
 *   pulumi config set --path 'clusters[0].name' blue             (also .kubeconfig, .podSecurityGroupId, .active)
 */
import * as pulumi from "@pulumi/pulumi";
import { Cluster, MemberIngress, MultiClusterService, Network, SharedLoadBalancer } from "../../index";

interface ClusterSettings {
  name: string;
  kubeconfig: string;
  podSecurityGroupId: string;
  /** Whether it receives traffic. */
  active: boolean;
}

const config = new pulumi.Config();
const subnetIds = config.requireObject<string[]>("subnetIds");
const network = new Network("existing", {
  existing: { vpcId: config.require("vpcId"), privateSubnetIds: subnetIds, publicSubnetIds: subnetIds },
});
const balancer = new SharedLoadBalancer("shared", {
  loadBalancerName: "shared",
  vpcId: network.vpcId,
  subnetIds: network.publicSubnetIds,
  podCidrBlock: network.cidrBlock,
  services: [{ name: "web", port: 443, targetPort: 8443, healthCheckPort: 8080 }],
});

for (const { name, kubeconfig, podSecurityGroupId, active } of config.requireObject<ClusterSettings[]>("clusters")) {
  const cluster = new Cluster(name, { clusterName: name, existing: { kubeconfig, podSecurityGroupId } });
  const ingress = new MemberIngress(name, {
    podSecurityGroupId: cluster.podSecurityGroupId,
    loadBalancerSecurityGroupId: balancer.securityGroupId,
    ports: [8443, 8080],
  });
  for (const service of Object.values(balancer.services)) {
    new MultiClusterService(
      `${name}-${service.name}`,
      {
        namespace: "web",
        serviceName: "web",
        servicePort: service.targetPort,
        targetGroups: [{ bindingName: service.name, targetGroupArn: service.targetGroupArn }],
        active,
      },
      { provider: cluster.provider, dependsOn: [ingress] },
    );
  }
}

export const address = balancer.dnsName;
