import assert from "node:assert/strict";
import { probeUrl } from "../../../automation/gates/observation";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { ServiceTargetGroup } from "../../../stacks/contract";
import { devValues } from "../../stacks/mock-engine";

const shop = { name: "shop", namespace: "shop", image: "echo:1", replicas: 3, ports: [{ name: "web", port: 80, targetPort: 8080 }, { name: "api", port: 8443, targetPort: 8081 }], probePath: "/orders" };
const plain = { name: "plain", namespace: "plain", image: "echo:1", replicas: 3, port: 81, targetPort: 8080 };
const config = parseEnvironmentConfig({ ...devValues, "eks-blue-green:services": JSON.stringify([shop, plain]) }, { environment: "dev" });

const group = (name: string, service: string, port: number): ServiceTargetGroup => ({
  name, service, port, dnsName: `${service}.elb.example`, loadBalancerArn: "arn:lb", targetGroupArn: `arn:${name}`, targetGroupName: name, listenerArn: "arn:listener",
});
const loadBalancer = {
  owner: "stack", primary: null, arn: "arn:lb", dnsName: "dev.elb.example", securityGroupId: "sg-1",
  services: { "shop-web": group("shop-web", "shop", 80), "shop-api": group("shop-api", "shop", 8443), plain: group("plain", "plain", 81) },
} as const;

describe("what the data-plane probe asks", () => {
  const asked: readonly (readonly [key: string, url: string])[] = [
    ["shop-web", "http://shop.elb.example:80/orders"],
    ["shop-api", "http://shop.elb.example:8443/orders"],
    ["plain", "http://plain.elb.example:81/"],
  ];
  for (const [key, url] of asked) it(`${key}: its own port, its service's path`, () => assert.equal(probeUrl({ config, loadBalancer }, key), url));
});
