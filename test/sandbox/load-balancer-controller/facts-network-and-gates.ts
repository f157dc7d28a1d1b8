/** Rules on node security groups, addresses outside of the VPC, readiness gates. */
import assert from "node:assert/strict";
import * as ec2 from "@aws-sdk/client-ec2";
import { CHECKPOINT } from "../../../sandbox/load-balancer-controller/bindings/checkpoint";
import { RULE_DESCRIPTION } from "../../../sandbox/load-balancer-controller/aws/ingress-permissions";
import type { PodObject } from "../../../sandbox/load-balancer-controller/types";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";

const FLAG = { multiClusterTargetGroup: true };

export function networkAndGateFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: Rig["blue"];
  const groups = { node: "", balancer: "" };

  before(async () => {
    rig = rigOf();
    blue = rig.blue;
    for (const name of ["node", "balancer"] as const)
      groups[name] =
        (
          await rig.ec2.send(
            new ec2.CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: rig.vpcId }),
          )
        ).GroupId ?? "";
    const started = await rig.ec2.send(
      new ec2.RunInstancesCommand({
        ImageId: "ami-12c6146b",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: rig.subnetId,
        SecurityGroupIds: [groups.node],
      }),
    );
    const instance = started.Instances?.[0];
    await rig.ec2.send(
      new ec2.AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: instance?.NetworkInterfaces?.[0]?.NetworkInterfaceId,
        PrivateIpAddresses: ["10.42.1.1"],
      }),
    );
    await blue.node("n34", instance?.InstanceId ?? "");
  });

  /** `tcp 8080-8080 description` of the node group's rules. */
  const rules = async (): Promise<string[]> => {
    const found =
      (await rig.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [groups.node] }))).SecurityGroups?.[0]
        ?.IpPermissions ?? [];
    return found
      .flatMap((one) =>
        [...(one.UserIdGroupPairs ?? []), ...(one.IpRanges ?? [])].map(
          ({ Description }) => `${one.IpProtocol} ${one.FromPort}-${one.ToPort} ${Description}`,
        ),
      )
      .sort();
  };
  const untilRules = (...wanted: string[]): Promise<void> =>
    until(`rules ${wanted.join(", ")}`, async () => JSON.stringify(await rules()) === JSON.stringify(wanted.sort()));

  it("34, 39: keeps a rule for the load balancer on the node's group, and only rules with its own description", async () => {
    const arn = await rig.targetGroup("f34");
    await rig.ec2.send(
      new ec2.AuthorizeSecurityGroupIngressCommand({
        GroupId: groups.node,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "10.0.0.0/8", Description: "mine" }] },
        ],
      }),
    );
    await blue.pod("f34-1", { nodeName: "n34", tolerations: [{ operator: "Exists" }] });
    const ingress = (...ports: number[]): object => ({
      networking: {
        ingress: [
          {
            from: [{ securityGroup: { groupID: groups.balancer } }],
            ports: ports.map((port) => ({ port, protocol: "TCP" })),
          },
        ],
      },
    });
    await blue.serve("f34", [1], { targetGroupARN: arn, ...FLAG, ...ingress(8080) });
    await untilRules(`tcp 8080-8080 ${RULE_DESCRIPTION}`, "tcp 22-22 mine");
    await blue.patchBinding("f34", { spec: ingress(8080, 9090) });
    await untilRules(`tcp 8080-9090 ${RULE_DESCRIPTION}`, "tcp 22-22 mine");
    await blue.untilDone("f34");
    // A rule of the same description that nobody wants counts as the controllers' own.
    await rig.ec2.send(
      new ec2.AuthorizeSecurityGroupIngressCommand({
        GroupId: groups.node,
        IpPermissions: [
          {
            IpProtocol: "tcp",
            FromPort: 1,
            ToPort: 1,
            IpRanges: [{ CidrIp: "10.0.0.0/8", Description: RULE_DESCRIPTION }],
          },
        ],
      }),
    );
    await blue.endpoints("f34", []);
    await untilRules("tcp 22-22 mine");
    await blue.deleteBinding("f34");
  });

  it("34: a rule that can't be made doesn't keep targets from being registered", async () => {
    const arn = await rig.targetGroup("f34f");
    const fault = rig.front.faults.add({
      operation: "ec2:AuthorizeSecurityGroupIngress",
      kind: "error",
      code: "UnauthorizedOperation",
      status: 403,
    });
    await blue.pod("f34f-1", { nodeName: "n34", tolerations: [{ operator: "Exists" }] });
    await blue.service("f34f");
    await blue.endpoints("f34f", [1]);
    await blue.bind("f34f", {
      targetGroupARN: arn,
      ...FLAG,
      networking: { ingress: [{ from: [{ ipBlock: { cidr: "10.42.0.0/16" } }], ports: [{ port: 8080 }] }] },
    });
    await rig.untilTargets(arn, blue.address(1));
    await until("the event", async () =>
      (await blue.events("f34f")).some(
        (event) => event.reason === "FailedNetworkReconcile" && /UnauthorizedOperation/.test(event.message),
      ),
    );
    assert.ok(!(await blue.binding("f34f"))?.metadata.annotations?.[CHECKPOINT]);
    rig.front.faults.remove(fault.id);
    await blue.untilDone("f34f");
    await untilRules(`tcp 8080-8080 ${RULE_DESCRIPTION}`, "tcp 22-22 mine");
    await blue.deleteBinding("f34f");
    await untilRules("tcp 22-22 mine");
  });

  it("35: registers an address outside of the VPC for all Availability Zones, and others for none", async () => {
    const arn = await rig.targetGroup("f35");
    await blue.service("f35");
    await blue.pod("f35-2");
    await blue.endpoints(
      "f35",
      [1],
      [
        {
          addresses: ["172.20.0.5"],
          conditions: { ready: true },
          targetRef: { kind: "Pod", name: "f35-2", namespace: "default" },
        },
      ],
    );
    const since = rig.now();
    await blue.bind("f35", { targetGroupARN: arn, ...FLAG });
    await rig.untilTargets(arn, blue.address(1), "172.20.0.5:8080");
    const call = rig
      .logged(since)
      .find((one) => one.operation.endsWith("RegisterTargets") && one.params["TargetGroupArn"] === arn);
    assert.equal(JSON.stringify(call?.params).match(/AvailabilityZone":"all"/g)?.length, 1);
  });

  it("30: gives new pods a gate, and opens it when the target is healthy or the binding goes", async () => {
    const gate = "target-health.elbv2.k8s.aws/f30";
    const arn = await rig.targetGroup("f30");
    const pod = (n: number): Promise<PodObject> =>
      blue.client.get<PodObject>(`/api/v1/namespaces/default/pods/f30-${n}`);
    const condition = async (n: number): Promise<string> => {
      const found = (await pod(n)).status?.conditions?.find((one) => one.type === gate);
      return `${found?.status} ${found?.reason ?? found?.message}`;
    };
    await blue.client.patch("/api/v1/namespaces/default", "merge", {
      metadata: { labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } },
    });
    await blue.service("f30", { app: "f30" });
    await blue.pod("f30-9", {}, { app: "f30" });
    await blue.bind("f30", { targetGroupARN: arn, ...FLAG });
    rig.setUnhealthy("10.42.1.2", true);
    for (const n of [1, 2]) {
      await blue.pod(`f30-${n}`, { nodeName: "n34", tolerations: [{ operator: "Exists" }] }, { app: "f30" });
      await blue.podStatus(`f30-${n}`, {
        conditions: [
          { type: "ContainersReady", status: "True" },
          { type: "Ready", status: "False" },
        ],
      });
      assert.deepEqual((await pod(n)).spec?.readinessGates, [{ conditionType: gate }]);
    }
    assert.equal((await pod(9)).spec?.readinessGates, undefined, "older than the binding");
    await blue.endpoints(
      "f30",
      [],
      [1, 2].map((n) => blue.endpoint("f30", n, { ready: false })),
    );
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
    await until("the first gate", async () => (await condition(1)).startsWith("True"));
    await until("the second gate", async () => (await condition(2)) === "False Target.FailedHealthChecks");
    assert.ok(!(await blue.binding("f30"))?.metadata.annotations?.[CHECKPOINT], "while it waits");
    await blue.deleteBinding("f30");
    assert.equal(await condition(2), "True Target Group Binding is deleted");
    // Others use the address and the namespace after this.
    rig.setUnhealthy("10.42.1.2", false);
    await blue.client.patch("/api/v1/namespaces/default", "merge", {
      metadata: { labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": null } },
    });
  });
}
