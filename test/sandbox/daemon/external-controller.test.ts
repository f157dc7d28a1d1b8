import assert from "node:assert/strict";
import type { SandboxInfo } from "../../../sandbox/contract";
import { externalControllerInstructions } from "../../../sandbox/daemon/external-controller";
import type { SandboxStatus } from "../../../sandbox/daemon/status";

describe("instructions for a real controller", () => {
  const info = { region: "eu-west-1", env: { AWS_ENDPOINT_URL: "http://127.0.0.1:4000", AWS_ACCESS_KEY_ID: "AKIASANDBOXX", AWS_SECRET_ACCESS_KEY: "s", PULUMI_HOME: "/p" } } as unknown as SandboxInfo;
  const cluster = (name: string): object => ({ name, version: "1.35", endpoint: "https://127.0.0.1:5000", kubeconfig: `/sand box/kube/${name}.kubeconfig`, vpcId: "vpc-1" });
  const lines = (status: object): string => externalControllerInstructions(info, { lbc: "external", timeScale: 60, clusters: [], ...status } as unknown as SandboxStatus).join("\n");

  it("are none for the stand-in, and say so while there is no cluster", () => {
    assert.equal(lines({ lbc: "stand-in" }), "");
    assert.match(lines({}), /no cluster yet/);
  });

  it("name each cluster's own kubeconfig, VPC and ports, and the sandbox's keys only", () => {
    const text = lines({ clusters: [cluster("blue"), cluster("green")] });
    for (const wanted of ["'--kubeconfig=/sand box/kube/blue.kubeconfig'", "--cluster-name=green", "--aws-vpc-id=vpc-1", "--aws-region=eu-west-1", "--webhook-bind-port=9443", "--webhook-bind-port=9444", "--health-probe-bind-addr=127.0.0.1:61780", "AWS_ENDPOINT_URL=http://127.0.0.1:4000", "AWS_ACCESS_KEY_ID=AKIASANDBOXX"]) assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
    assert.ok(!text.includes("PULUMI_HOME"));
  });
});
