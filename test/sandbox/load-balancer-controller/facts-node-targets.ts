/** Instance targets: every ready node of the cluster, with the Service's NodePort. */
import assert from "node:assert/strict";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";
import { ServiceRig } from "./service-rig";

const INSTANCES = { "nlb-target-type": "instance", "multi-cluster-target-group": "true" };

export function nodeTargetFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: ServiceRig;
  const ids = ["", ""];
  let arn = "";
  let nodePort = 0;

  before(async () => {
    rig = rigOf();
    blue = new ServiceRig(rig, rig.blue);
    await blue.giveInterfaces();
    const started = await rig.ec2.send(
      new ec2.RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 2, MaxCount: 2, SubnetId: rig.subnetId }),
    );
    for (const at of [0, 1]) {
      ids[at] = started.Instances?.[at]?.InstanceId ?? "";
      await rig.blue.node(`it-${at}`, ids[at] ?? "");
    }
    for (const { metadata } of (
      await rig.blue.client.get<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>(
        "/api/v1/nodes",
      )
    ).items) {
      if (!metadata.name.startsWith("it-")) await rig.blue.client.delete(`/api/v1/nodes/${metadata.name}`);
    }
    await blue.create("nodes", [], INSTANCES);
    await until("the binding", async () => (await blue.bindings("nodes")).length === 1);
    arn = (await blue.bindings("nodes"))[0]?.spec.targetGroupARN ?? "";
    nodePort = (await blue.get("nodes"))?.spec.ports?.[0]?.nodePort ?? 0;
  });
  after(() => blue.delete("nodes"));

  const target = (at: number): string => `${ids[at]}:${nodePort}`;
  const node = (name: string, kind: "merge" | "strategic", change: object, status = ""): Promise<unknown> =>
    rig.blue.client.patch(`/api/v1/nodes/${name}${status}`, kind, change);

  it("I: all ready nodes, with or without pods, and the record has instance ids", async () => {
    await rig.untilTargets(arn, target(0), target(1));
    const name = (await blue.bindings("nodes"))[0]?.metadata.name ?? "";
    await rig.blue.untilDone(name);
    assert.equal(await rig.blue.recorded(name), [target(0), target(1)].sort().join(","));
    assert.equal((await blue.bindings("nodes"))[0]?.spec.targetType, "instance");
  });

  it("I: neither scaling to zero nor an empty selector, cordon or ordinary taint takes them out", async () => {
    const since = rig.now();
    await rig.blue.endpoints("nodes", []);
    await node("it-0", "merge", { spec: { unschedulable: true, taints: [{ key: "mine", effect: "NoSchedule" }] } });
    await blue.patch("nodes", "merge", { spec: { selector: { nothing: "matches" } } });
    await blue.serve("nodes-later", [9]);
    assert.deepEqual(rig.changes(arn, since), []);
    await blue.delete("nodes-later");
    await node("it-0", "merge", { spec: { unschedulable: null, taints: null } });
  });

  it("I: the annotation target-node-labels stands the cluster down and up", async () => {
    await blue.annotate("nodes", { "target-node-labels": "standby=true" });
    await rig.untilTargets(arn);
    await node("it-1", "merge", { metadata: { labels: { standby: "true" } } });
    await rig.untilTargets(arn, target(1));
    await blue.annotate("nodes", { "target-node-labels": null });
    await rig.untilTargets(arn, target(0), target(1));
  });

  it("I: excluded, leaving and unready nodes are out", async () => {
    const out: readonly [object, object, string][] = [
      [
        { metadata: { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "" } } },
        { metadata: { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": null } } },
        "",
      ],
      [
        { spec: { taints: [{ key: "ToBeDeletedByClusterAutoscaler", value: "1", effect: "NoSchedule" }] } },
        { spec: { taints: null } },
        "",
      ],
      [
        { status: { conditions: [{ type: "Ready", status: "False" }] } },
        { status: { conditions: [{ type: "Ready", status: "True" }] } },
        "/status",
      ],
    ];
    for (const [leave, comeBack, status] of out) {
      const kind = status ? "strategic" : "merge";
      await node("it-0", kind, leave, status);
      await rig.untilTargets(arn, target(1));
      await node("it-0", kind, comeBack, status);
      await rig.untilTargets(arn, target(0), target(1));
    }
    await rig.blue.client.delete("/api/v1/nodes/it-0");
    await rig.untilTargets(arn, target(1));
  });

  it("I: externalTrafficPolicy Local turns the group's health check to this cluster's own node port", async () => {
    await blue.patch("nodes", "merge", { spec: { externalTrafficPolicy: "Local" } });
    const port = String((await blue.get("nodes"))?.spec.healthCheckNodePort);
    await until("the health check", async () => {
      const groups = (await rig.lb.send(new elb.DescribeTargetGroupsCommand({}))).TargetGroups ?? [];
      return groups.some(
        (one) =>
          one.TargetGroupName?.startsWith("k8s-default-nodes-") &&
          one.HealthCheckProtocol === "HTTP" &&
          one.HealthCheckPort === port &&
          one.HealthCheckPath === "/healthz",
      );
    });
  });
}
