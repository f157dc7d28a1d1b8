/** A load balancer that a controller made and that was handed over. */
import type { AdoptedLoadBalancer } from "../../../stacks/record";

const group = (id: string, kind: "managed" | "backend"): AdoptedLoadBalancer["securityGroups"][number] => ({
  id,
  kind,
  name: kind === "backend" ? "k8s-traffic-devblue" : `k8s-web-${id}`,
  description: "d",
  vpcId: "vpc-1",
  tags: {},
});
export const handedOver = (key = "web"): AdoptedLoadBalancer => ({
  arn: `arn:lb:${key}`,
  name: `k8s-${key}`,
  dnsName: `${key}.elb.example`,
  scheme: "internet-facing",
  ipAddressType: "ipv4",
  vpcId: "vpc-1",
  subnetIds: ["subnet-1"],
  attributes: {},
  tags: {},
  securityGroups: [group(`sg-${key}`, "managed"), group("sg-backend", "backend")],
  listeners: [{ arn: `arn:listener:${key}`, port: 80, protocol: "TCP", targetGroupKey: key }],
  targetGroups: [
    {
      key,
      arn: `arn:group:${key}`,
      name: key,
      port: 8080,
      protocol: "TCP",
      targetType: "ip",
      vpcId: "vpc-1",
      attributes: {},
      healthCheck: {
        protocol: "HTTP",
        port: "traffic-port",
        path: "/healthz",
        intervalSeconds: 10,
        timeoutSeconds: 6,
        healthyThreshold: 3,
        unhealthyThreshold: 3,
        matcher: "200-399",
      },
    },
  ],
});
