/**
 * Network load balancers of Services, in the life of one: made, changed, deleted. The numbers are those of the list of
 * what the real controller does.
 */
import assert from "node:assert/strict";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";
import { PROTECTED, ServiceRig } from "./service-rig";

const FLAG = { "multi-cluster-target-group": "true" };
const FOREIGN = "10.42.15.7:8080";

export function serviceFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: ServiceRig;
  before(async () => {
    rig = rigOf();
    blue = new ServiceRig(rig, rig.blue);
    await blue.giveInterfaces();
  });

  it("19: names, tags, labels, finalizer and status are the real controller's", async () => {
    const arn = await blue.serve("fact-nineteen", [1], {
      "additional-resource-tags": "Team=test,App=nginx",
      scheme: "internet-facing",
    });
    const service = await blue.get("fact-nineteen");
    const balancer = await blue.balancer("fact-nineteen");
    assert.match(balancer?.LoadBalancerName ?? "", /^k8s-default-factnine-[0-9a-f]{10}$/);
    assert.equal(balancer?.Scheme, "internet-facing");
    assert.deepEqual(service?.metadata.finalizers, ["service.k8s.aws/resources"]);
    const stack = {
      "elbv2.k8s.aws/cluster": "blue",
      "service.k8s.aws/stack": "default/fact-nineteen",
      Team: "test",
      App: "nginx",
    };
    assert.deepEqual(await blue.tags(balancer?.LoadBalancerArn ?? ""), {
      ...stack,
      "service.k8s.aws/resource": "LoadBalancer",
    });
    assert.deepEqual(await blue.tags(arn), { ...stack, "service.k8s.aws/resource": "default/fact-nineteen:80" });
    const listeners = await blue.listeners(balancer?.LoadBalancerArn ?? "");
    assert.deepEqual(await blue.tags(listeners[0]?.ListenerArn ?? ""), { ...stack, "service.k8s.aws/resource": "80" });
    const [binding] = await blue.bindings("fact-nineteen");
    assert.match(binding?.metadata.name ?? "", /^k8s-default-factnine-[0-9a-f]{10}$/);
    assert.equal(arn.split("/")[1], binding?.metadata.name);
    assert.deepEqual(binding?.metadata.labels, {
      "service.k8s.aws/stack-name": "fact-nineteen",
      "service.k8s.aws/stack-namespace": "default",
    });
    assert.equal((binding?.metadata as { ownerReferences?: unknown }).ownerReferences, undefined);
    const [shared] = await blue.securityGroups({ Name: "tag:elbv2.k8s.aws/resource", Values: ["backend-sg"] });
    assert.match(shared?.GroupName ?? "", /^k8s-traffic-blue-[0-9a-f]{10}$/);
    assert.equal(shared?.Description, "[k8s] Shared Backend SecurityGroup for LoadBalancer");
    assert.ok(balancer?.SecurityGroups?.length === 2 && balancer.SecurityGroups.includes(shared?.GroupId ?? ""));
    assert.deepEqual(binding?.spec.networking, {
      ingress: [{ from: [{ securityGroup: { groupID: shared?.GroupId } }], ports: [{ port: 8080, protocol: "TCP" }] }],
    });
    const health = (await rig.lb.send(new elb.DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })))
      .TargetGroups?.[0];
    assert.deepEqual(
      [
        health?.HealthCheckProtocol,
        health?.HealthCheckIntervalSeconds,
        health?.HealthyThresholdCount,
        health?.UnhealthyThresholdCount,
      ],
      ["TCP", 10, 3, 3],
    );
  });

  it("19: a Service of another class, and one of type ClusterIP, are none of its business", async () => {
    const since = rig.now();
    await blue.create("f19-other", [], {}, { loadBalancerClass: "example.com/other" });
    await rig.blue.service("f19-cluster-ip");
    await blue.serve("f19-after", [2]);
    assert.equal(blue.writes(since).filter((one) => one === "CreateLoadBalancer").length, 1);
    assert.equal((await blue.get("f19-other"))?.metadata.finalizers, undefined);
    await blue.delete("f19-after");
  });

  it("19: several ports become several listeners, target groups and bindings of one load balancer", async () => {
    const ports = [80, 443, 9000].map((port) => ({ name: `p${port}`, port, targetPort: 8000 + port }));
    await blue.create("f19-ports", [], FLAG, { ports });
    await until("three bindings", async () => (await blue.bindings("f19-ports")).length === 3);
    await blue.untilEvent("f19-ports", "SuccessfullyReconciled");
    const balancer = await blue.balancer("f19-ports");
    const listeners = await blue.listeners(balancer?.LoadBalancerArn ?? "");
    assert.deepEqual(listeners.map((one) => one.Port).sort(), [443, 80, 9000].sort());
    const bindings = await blue.bindings("f19-ports");
    for (const listener of listeners) {
      const arn = listener.DefaultActions?.[0]?.TargetGroupArn ?? "";
      assert.equal(bindings.find((one) => one.spec.targetGroupARN === arn)?.spec.serviceRef.port, listener.Port);
    }
    await blue.patch("f19-ports", "merge", { spec: { ports: ports.slice(0, 2) } });
    await until("two bindings", async () => (await blue.bindings("f19-ports")).length === 2);
    await until("two listeners", async () => (await blue.listeners(balancer?.LoadBalancerArn ?? "")).length === 2);
    await blue.delete("f19-ports");
  });

  it("20, I: the flag and the protection on a live Service: one write, and no target moves", async () => {
    const arn = await blue.serve("f20", [1, 2]);
    await rig.untilHealthy(arn);
    const since = rig.now();
    await blue.annotate("f20", { ...FLAG, ...PROTECTED });
    const name = (await blue.bindings("f20"))[0]?.metadata.name ?? "";
    await until("the flag", async () => (await rig.blue.binding(name))?.spec.multiClusterTargetGroup === true);
    await until(
      "the record",
      async () => (await rig.blue.recorded(name)) === [1, 2].map((n) => rig.blue.address(n)).join(","),
    );
    await rig.blue.untilDone(name);
    await until("the write", () => blue.writes(since).length > 0);
    assert.deepEqual(blue.steps(since), ["ModifyLoadBalancerAttributes"]);
    assert.equal((await rig.blue.binding(name))?.metadata.generation, 2);
  });

  it("20: at zero endpoints only its own targets leave; load balancer and status stay", async () => {
    const { hostname = "" } = (await blue.get("f20"))?.status?.loadBalancer?.ingress?.[0] ?? {};
    const arn = (await blue.bindings("f20"))[0]?.spec.targetGroupARN ?? "";
    await rig.register(arn, FOREIGN);
    const since = rig.now();
    await rig.blue.endpoints("f20", []);
    await rig.untilTargets(arn, FOREIGN);
    // The rule of the pods' own security group goes with the last of them, where they have one.
    assert.deepEqual(
      blue.bigWrites(since).filter((one) => one !== "RevokeSecurityGroupIngress"),
      [],
    );
    await rig.blue.endpoints("f20", [1, 2]);
    await rig.untilTargets(arn, FOREIGN, rig.blue.address(1), rig.blue.address(2));
    assert.equal((await blue.get("f20"))?.status?.loadBalancer?.ingress?.[0]?.hostname, hostname);
  });

  it("21: deleting a Service that is protected by annotation changes nothing in AWS, and is told", async () => {
    const arn = (await blue.bindings("f20"))[0]?.spec.targetGroupARN ?? "";
    const since = rig.now();
    await blue.startDeleting("f20");
    await blue.untilEvent(
      "f20",
      "FailedBuildModel Failed build model due to deletion_protection is enabled, cannot delete the service: f20",
      4,
    );
    assert.ok((await blue.get("f20"))?.metadata.deletionTimestamp);
    assert.deepEqual(blue.bigWrites(since), []);
    assert.deepEqual(await rig.targets(arn), [FOREIGN, rig.blue.address(1), rig.blue.address(2)].sort());
  });

  it("23: deletes load balancer, binding, target group with others' targets, security group, in this order", async () => {
    const arn = (await blue.bindings("f20"))[0]?.spec.targetGroupARN ?? "";
    const since = rig.now();
    await blue.annotate("f20", { attributes: "deletion_protection.enabled=false" });
    await blue.untilGone("f20");
    // The protection in AWS is left over from the annotation: nothing set it back before the end.
    // Between the binding's targets and its group go the rules of the pods' own security group, where they have one.
    assert.deepEqual(blue.steps(since, "RevokeSecurityGroupIngress"), [
      "DeleteLoadBalancer",
      "ModifyLoadBalancerAttributes",
      "DeleteLoadBalancer",
      "DeregisterTargets",
      "DeleteTargetGroup",
      "DeleteSecurityGroup",
    ]);
    assert.ok(!(await blue.groupExists(arn)));
  });

  it("22: a protection that is only in AWS is switched off by the controller itself", async () => {
    await blue.serve("f22", [1]);
    const arn = (await blue.balancer("f22"))?.LoadBalancerArn ?? "";
    await rig.lb.send(
      new elb.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arn,
        Attributes: [{ Key: "deletion_protection.enabled", Value: "true" }],
      }),
    );
    const since = rig.now();
    await blue.delete("f22");
    assert.deepEqual(blue.writes(since).slice(0, 3), [
      "DeleteLoadBalancer",
      "ModifyLoadBalancerAttributes",
      "DeleteLoadBalancer",
    ]);
    assert.ok(!(await blue.balancers()).some((one) => one.LoadBalancerArn === arn));
  });

  it("23: a target group in use is tried again until it is free", async () => {
    await blue.serve("f23u", [1]);
    rig.front.faults.add({
      operation: "elasticloadbalancing:DeleteTargetGroup",
      kind: "error",
      code: "ResourceInUse",
      status: 400,
      count: 3,
    });
    const since = rig.now();
    await blue.delete("f23u");
    assert.equal(blue.writes(since).filter((one) => one === "DeleteTargetGroup").length, 4);
  });

  it("24: a peer's binding is silent after that until its endpoints change, and can be deleted", async () => {
    const arn = await blue.serve("f24s", [1], FLAG);
    await rig.green.serve("f24s", [1], { targetGroupARN: arn, multiClusterTargetGroup: true });
    await blue.delete("f24s");
    assert.ok(!(await rig.green.events("f24s")).some((event) => event.reason === "FailedReconcile"));
    await rig.green.endpoints("f24s", [1, 2]);
    await until("the event", async () =>
      (await rig.green.events("f24s")).some(
        (event) => event.reason === "FailedReconcile" && /TargetGroupNotFound/.test(event.message),
      ),
    );
    await rig.green.deleteBinding("f24s");
  });

  it(
    "25: the finalizer taken off by hand leaves load balancer and group; the binding that is left drains by its " +
      "own deletion",
    async () => {
      const arn = await blue.serve("f25", [1], { ...FLAG, ...PROTECTED });
      const balancer = (await blue.balancer("f25"))?.LoadBalancerArn ?? "";
      await blue.startDeleting("f25");
      await blue.untilEvent("f25", "FailedBuildModel");
      await blue.patch("f25", "merge", { metadata: { finalizers: null } });
      await blue.untilGone("f25");
      assert.ok(await blue.groupExists(arn));
      assert.ok((await blue.balancers()).some((one) => one.LoadBalancerArn === balancer));
      await rig.untilTargets(arn);
      const name = (await blue.bindings("f25"))[0]?.metadata.name ?? "";
      await rig.blue.deleteBinding(name);
    },
  );

  it("26: a Service of the same cluster name, namespace and name takes the orphans over, whatever they are called", async () => {
    const orphan = (await blue.balancers()).find((one) => one.LoadBalancerName?.startsWith("k8s-default-f25-"));
    const since = rig.now();
    await blue.create("f25", [3], FLAG);
    await until("the status", async () => (await blue.balancer("f25"))?.LoadBalancerArn === orphan?.LoadBalancerArn);
    await until("a binding", async () => (await blue.bindings("f25")).length === 1);
    const [binding] = await blue.bindings("f25");
    assert.notEqual(
      binding?.spec.targetGroupARN?.split("/")[1],
      binding?.metadata.name,
      "the binding's name is the new Service's, the group's the old one's",
    );
    assert.ok(!blue.writes(since).some((one) => /^Create(LoadBalancer|TargetGroup)$/.test(one)));
    await rig.untilTargets(binding?.spec.targetGroupARN ?? "", rig.blue.address(3));
    await blue.delete("f25");
    assert.ok(!(await blue.balancers()).some((one) => one.LoadBalancerArn === orphan?.LoadBalancerArn));
  });

  it(
    "27: a load balancer lost from outside comes back only when the Service changes, and then the old binding is " +
      "in the way",
    async () => {
      const arn = await blue.serve("f27", [1], FLAG);
      const lost = (await blue.balancer("f27"))?.LoadBalancerArn ?? "";
      const since = rig.now();
      await rig.lb.send(new elb.DeleteLoadBalancerCommand({ LoadBalancerArn: lost }));
      await rig.lb.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: arn }));
      await blue.serve("f27-later", [9]);
      assert.ok(
        !rig
          .logged(since)
          .some(
            (one) =>
              one.operation.endsWith(":CreateLoadBalancer") &&
              String(one.params["Name"]).startsWith("k8s-default-f27-"),
          ),
      );
      await blue.annotate("f27", { "healthcheck-healthy-threshold": "2" });
      await blue.untilEvent("f27", "already exists");
      const name = (await blue.bindings("f27"))[0]?.metadata.name ?? "";
      await rig.blue.deleteBinding(name);
      // The pauses between tries have grown with the time that the loop went on; an edit of the Service is tried at
      // once.
      await blue.annotate("f27", { "healthcheck-healthy-threshold": "4" });
      await until(
        "the binding to be made anew",
        async () => ![undefined, arn].includes((await blue.bindings("f27"))[0]?.spec.targetGroupARN),
      );
      await blue.delete("f27");
      await blue.delete("f27-later");
    },
  );

  it("28, I: weights are one ModifyListener, without target churn; bad ones are told and change nothing", async () => {
    await blue.serve("f28", [1], FLAG);
    await rig.blue.service("f28-b");
    await rig.blue.endpoints("f28-b", [2]);
    const action = (weight: number): Record<string, string> => ({
      "service.beta.kubernetes.io/actions.TCP-80": JSON.stringify({
        type: "forward",
        forwardConfig: { baseServiceWeight: 10, targetGroups: [{ serviceName: "f28-b", servicePort: "80", weight }] },
      }),
    });
    await blue.annotate("f28", action(90));
    await until("two bindings", async () => (await blue.bindings("f28")).length === 2);
    assert.ok((await blue.bindings("f28")).every((one) => one.spec.multiClusterTargetGroup === true));
    const other = (await blue.bindings("f28")).find((one) => one.spec.serviceRef.name === "f28-b");
    await rig.untilTargets(other?.spec.targetGroupARN ?? "", rig.blue.address(2));
    // Its own binding is looked at anew as well: what that still writes is none of the new weight's.
    for (const { metadata } of await blue.bindings("f28")) await rig.blue.untilDone(metadata.name ?? "");
    const weights = async (): Promise<(number | undefined)[]> =>
      (
        (await blue.listeners((await blue.balancer("f28"))?.LoadBalancerArn ?? ""))[0]?.DefaultActions?.[0]
          ?.ForwardConfig?.TargetGroups ?? []
      ).map((one) => one.Weight);
    const since = rig.now();
    await blue.annotate("f28", action(50));
    await until("the new weight", async () => JSON.stringify(await weights()) === "[10,50]");
    assert.deepEqual(blue.steps(since), ["ModifyListener"]);
    await blue.annotate("f28", { "service.beta.kubernetes.io/actions.TCP-80": "{" });
    await blue.untilEvent("f28", "FailedBuildModel");
    assert.deepEqual(await weights(), [10, 50]);
    await blue.annotate("f28", { "service.beta.kubernetes.io/actions.TCP-80": null });
    await blue.delete("f28");
    await rig.blue.deleteService("f28-b");
  });
}
