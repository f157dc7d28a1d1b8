/**
 * What the controller's release is with the official kubernetes provider: Helm's own, of a chart from the sandbox's
 * repository, with webhooks that the API server calls by their Service. Run by the engine's test, which has a cluster.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { LocalWorkspace } from "@pulumi/pulumi/automation";
import { Stack } from "@pulumi/pulumi/automation";
import { ControlClient } from "../../../sandbox/client/control-client";
import type { SandboxInfo } from "../../../sandbox/contract";
import { releaseProgram } from "./engine-program";
import type { Kubectl } from "./kubectl";

interface World {
  readonly kubeconfig: string;
  readonly kubectl: Kubectl;
  readonly info: SandboxInfo;
  readonly vpcId: string;
  readonly workspace: LocalWorkspace;
  readonly env: NodeJS.ProcessEnv;
}

const binding = JSON.stringify({
  apiVersion: "elbv2.k8s.aws/v1beta1",
  kind: "TargetGroupBinding",
  metadata: { name: "of-nobody" },
  spec: { targetGroupName: "of-nobody", serviceRef: { name: "web", port: 80 } },
});

/** @param world what `before` of the caller made. */
export function releaseFacts(world: () => World): void {
  let stack: Stack;
  const program = (values: object = {}) =>
    releaseProgram(world().kubeconfig, {
      clusterName: "blue",
      region: world().info.region,
      vpcId: world().vpcId,
      replicaCount: 1,
      ...values,
    });
  const secret = (): { readonly ca: string; readonly revisions: string[] } => {
    const { kubectl } = world();
    const get = (...words: string[]): string => kubectl("-n", "kube-system", "get", ...words);
    return {
      ca: get("secret", "aws-load-balancer-tls", "-o", "jsonpath={.data.ca\\.crt}"),
      revisions: get(
        ...["secrets", "-l", "owner=helm", "-o"],
        "jsonpath={range .items[*]}{.metadata.labels.version}={.metadata.labels.status} {end}",
      )
        .trim()
        .split(" "),
    };
  };
  /** What the API server says to a binding of a group that is not there. */
  const refusal = (): string =>
    spawnSync("kubectl", ["--kubeconfig", join(world().info.dir, "kube", "blue.kubeconfig"), "create", "-f", "-"], {
      env: world().env,
      input: binding,
      encoding: "utf8",
      timeout: 20_000,
    }).stderr;
  const answered = /admission webhook "mtargetgroupbinding\.elbv2\.k8s\.aws" denied the request/;

  before(async () => (stack = await Stack.create("release", world().workspace)));

  it("is installed by Helm, and the API server calls its webhooks by their Service", async () => {
    await stack.up({ program: program() });
    assert.deepEqual(secret().revisions, ["1=deployed"]);
    const clients = world().kubectl(
      ...["get", "mutatingwebhookconfigurations,validatingwebhookconfigurations"],
      // The cluster has EKS's own too.
      ...["-l", "app.kubernetes.io/name=aws-load-balancer-controller", "-o"],
      "jsonpath={range .items[*].webhooks[*]}{.clientConfig.service.name}{.clientConfig.url} {end}",
    );
    assert.deepEqual(new Set(clients.trim().split(" ")), new Set(["aws-load-balancer-webhook-service"]));
    assert.match(refusal(), answered);
  });

  it("lets pods pass without a gate while nobody answers, unless it is told otherwise", async () => {
    const policy = (): string =>
      world().kubectl(
        ...["get", "mutatingwebhookconfigurations", "aws-load-balancer-webhook", "-o"],
        'jsonpath={.webhooks[?(@.name=="mpod.elbv2.k8s.aws")].failurePolicy}',
      );
    assert.equal(policy(), "Ignore");
    await stack.up({ program: program({ podMutatorWebhookConfig: { failurePolicy: "Fail" } }) });
    assert.equal(policy(), "Fail");
  });

  it("keeps its authority when it is told to, else every upgrade makes another one, which pods have a while later", async () => {
    const { ca } = secret();
    await stack.up({ program: program({ keepTLSSecret: true, enableServiceMutatorWebhook: false }) });
    assert.equal(secret().ca, ca);
    assert.match(refusal(), answered);
    await stack.up({ program: program({ keepTLSSecret: false }) });
    assert.notEqual(secret().ca, ca);
    // Until then API server and pod disagree: "x509: certificate signed by unknown authority".
    const until = Date.now() + 20_000;
    let last = refusal();
    for (; !answered.test(last) && Date.now() < until; last = refusal()) assert.match(last, /x509/);
    assert.match(last, answered);
    assert.deepEqual(secret().revisions, ["1=superseded", "2=superseded", "3=superseded", "4=deployed"]);
  });

  it("can't even be previewed while the chart repository is down", async () => {
    const control = new ControlClient(world().info);
    const same = { program: program({ keepTLSSecret: false }) };
    await control.addFault({ on: "charts", kind: "down" });
    await assert.rejects(stack.preview(same), /check the chart name and repository configuration/);
    await control.clearFaults();
    assert.deepEqual(Object.keys((await stack.preview(same)).changeSummary), ["same"]);
  });

  it("is uninstalled but for the definitions, which Helm leaves", async () => {
    await stack.destroy();
    assert.equal(world().kubectl("get", "deployments,secrets", "-n", "kube-system", "-o", "name"), "");
    assert.match(world().kubectl("get", "crd", "-o", "name"), /targetgroupbindings\.elbv2\.k8s\.aws/);
  });
}
