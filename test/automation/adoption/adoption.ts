/** An adoption of two bindings and one load balancer, as the record has it. */
import type { Adoption, AdoptionStep } from "../../../stacks/record/adoption";

export const adoptionAt = (step: AdoptionStep, direction: Adoption["direction"] = "forward"): Adoption => ({
  service: "web", member: "blue", step, direction, reason: null, startedAt: "2026-01-01T00:00:00.000Z", by: "a@b 1",
  before: {
    namespace: "web", name: "web-lb", serviceType: "LoadBalancer", loadBalancerClass: "service.k8s.aws/nlb", annotations: {},
    labels: { "k8s-a": { "service.k8s.aws/stack-name": "web-lb" }, "k8s-b": { "service.k8s.aws/stack-name": "web-lb" } },
    tags: { "arn:lb": { "service.k8s.aws/stack": "web/web-lb" }, "arn:group": { "service.k8s.aws/stack": "web/web-lb" } },
    targets: { web: ["10.0.0.1:8080"] },
    loadBalancer: {
      arn: "arn:lb", name: "k8s-web", dnsName: "web.elb.example", scheme: "internal", ipAddressType: "ipv4", vpcId: "vpc-1", subnetIds: [], attributes: {}, tags: {}, securityGroups: [],
      listeners: [{ arn: "arn:listener", port: 80, protocol: "TCP", targetGroupKey: "web" }],
      targetGroups: [{ key: "web", arn: "arn:group", name: "k8s-a", port: 8080, protocol: "TCP", targetType: "ip", vpcId: "vpc-1", attributes: {}, healthCheck: { protocol: "TCP", port: "traffic-port", path: null, intervalSeconds: 10, timeoutSeconds: 10, healthyThreshold: 3, unhealthyThreshold: 3, matcher: null } }],
      bindings: ["k8s-a", "k8s-b"].map((name) => ({ key: "web", namespace: "web", name, service: "web-lb", servicePort: 80, targetGroupArn: "arn:group", networking: null })),
    },
  },
});
