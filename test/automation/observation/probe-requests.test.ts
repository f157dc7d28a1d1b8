import assert from "node:assert/strict";
import { probeHeaders, probeUrl } from "../../../automation/observation/probe-requests";
import type { EnvironmentOutputs } from "../../../stacks/contract";

const web = { name: "web", namespace: "web", port: 443, targetPort: 8080, probePath: "/" };
const api = { ...web, name: "api", match: { priority: 1, hosts: ["api.example.com"], paths: ["/v1/*"] } };
const plain = { ...web, name: "plain", port: 80 };
const group = (name: string, port: number) => ({ name, service: name, dnsName: "dev.elb.example", port });
const environment = {
  config: {
    services: [web, api, plain],
    loadBalancer: { type: "application", https: { ports: [443], certificateArns: ["arn"], policy: "p" } },
  },
  loadBalancer: { services: { web: group("web", 443), api: group("api", 443), plain: group("plain", 80) } },
} as unknown as EnvironmentOutputs;

describe("what the data-plane probe asks an Application Load Balancer", () => {
  it("is HTTPS where the listener speaks it, at the load balancer's own name", () => {
    assert.equal(probeUrl(environment, "web"), "https://dev.elb.example:443/");
    assert.equal(probeUrl(environment, "plain"), "http://dev.elb.example:80/");
  });
  it("is what a service's rule lets in, where services share the listener", () => {
    assert.equal(probeUrl(environment, "api"), "https://dev.elb.example:443/v1/");
    assert.deepEqual(probeHeaders(environment, "api"), { host: "api.example.com" });
    assert.deepEqual(probeHeaders(environment, "web"), {});
  });
});
