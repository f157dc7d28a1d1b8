/** Targets, limits and faults where AWS's behaviour is easily got wrong. */
import assert from "node:assert/strict";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { RunInstancesCommand } from "@aws-sdk/client-ec2";
import { hasCode, until, useRig } from "./rig";

describe("AWS front, targets and faults", function () {
  this.timeout(60_000);
  const rig = useRig();
  const tcp = async (name: string, more: object = {}): Promise<string> =>
    (
      await rig().elb.send(
        new elb.CreateTargetGroupCommand({
          Name: name,
          Protocol: "TCP",
          Port: 80,
          VpcId: rig().vpcId,
          TargetType: "ip",
          ...more,
        }),
      )
    ).TargetGroups?.[0]?.TargetGroupArn ?? "";
  const register = (group: string, ...targets: elb.TargetDescription[]): Promise<unknown> =>
    rig().elb.send(new elb.RegisterTargetsCommand({ TargetGroupArn: group, Targets: targets }));
  const deregister = (group: string, ...targets: elb.TargetDescription[]): Promise<unknown> =>
    rig().elb.send(new elb.DeregisterTargetsCommand({ TargetGroupArn: group, Targets: targets }));
  const health = async (group: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      (
        (await rig().elb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: group })))
          .TargetHealthDescriptions ?? []
      ).map((one) => [`${one.Target?.Id}:${one.Target?.Port}`, one.TargetHealth?.State ?? ""]),
    );
  let nextPort = 1000;
  let balancer = "";
  const listen = (group: string): Promise<unknown> =>
    rig().elb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: balancer,
        Protocol: "TCP",
        Port: nextPort++,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
      }),
    );

  before(async () => {
    balancer =
      (
        await rig().elb.send(
          new elb.CreateLoadBalancerCommand({
            Name: "net",
            Type: "network",
            Scheme: "internal",
            Subnets: rig().subnets,
          }),
        )
      ).LoadBalancers?.[0]?.LoadBalancerArn ?? "";
  });

  it("registers again while it drains, and the end of the draining doesn't take it away", async () => {
    const group = await tcp("again");
    await listen(group);
    // 300 s run in 0.5 s here, and the data plane is told of it for 0.3 s.
    await register(group, { Id: "10.42.0.200" });
    await deregister(group, { Id: "10.42.0.200" });
    assert.deepEqual(await health(group), { "10.42.0.200:80": "draining" });
    await register(group, { Id: "10.42.0.200" }, { Id: "10.42.0.201" });
    assert.deepEqual(await health(group), { "10.42.0.200:80": "initial", "10.42.0.201:80": "initial" });
    await deregister(group, { Id: "10.42.0.201" });
    await until("the other's end", async () => !("10.42.0.201:80" in (await health(group))));
    assert.deepEqual(await health(group), { "10.42.0.200:80": "initial" });
    assert.equal((await health(group))["10.42.0.200:80"], "initial");
  });

  it("deregisters every port of an address that is given without one", async () => {
    const group = await tcp("ports");
    await listen(group);
    await register(
      group,
      { Id: "10.42.0.210", Port: 1 },
      { Id: "10.42.0.210", Port: 2 },
      { Id: "10.42.0.211", Port: 1 },
    );
    await deregister(group, { Id: "10.42.0.210" });
    assert.deepEqual(await health(group), {
      "10.42.0.210:1": "draining",
      "10.42.0.210:2": "draining",
      "10.42.0.211:1": "initial",
    });
  });

  it("takes running instances of the VPC only", async () => {
    const group = await tcp("instances", { TargetType: "instance" });
    const made = await rig().ec2.send(
      new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1, SubnetId: rig().subnets[1] }),
    );
    const id = made.Instances?.[0]?.InstanceId ?? "";
    await listen(group);
    await register(group, { Id: id, Port: 30_080 });
    const shown = (await rig().elb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: group })))
      .TargetHealthDescriptions?.[0];
    assert.deepEqual([shown?.Target?.Id, shown?.Target?.Port, shown?.HealthCheckPort], [id, 30_080, "30080"]);
    await until("the data plane", () =>
      rig().state?.targetGroups.some((one) => one.targets.some((target) => target.id === id && target.port === 30_080)),
    );
    await assert.rejects(register(group, { Id: "i-00000000000000000" }), hasCode("InvalidTargetException"));
    await assert.rejects(register(group, { Id: "10.42.0.1" }), hasCode("InvalidTargetException"));
  });

  it("holds 500 targets with cross-zone load balancing, and no more", async () => {
    const group = await tcp("many");
    await rig().elb.send(
      new elb.ModifyTargetGroupAttributesCommand({
        TargetGroupArn: group,
        Attributes: [{ Key: "load_balancing.cross_zone.enabled", Value: "true" }],
      }),
    );
    const other =
      (
        await rig().elb.send(
          new elb.CreateLoadBalancerCommand({
            Name: "net-many",
            Type: "network",
            Scheme: "internal",
            Subnets: rig().subnets,
          }),
        )
      ).LoadBalancers?.[0]?.LoadBalancerArn ?? "";
    await rig().elb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: other,
        Protocol: "TCP",
        Port: 80,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
      }),
    );
    const targets = Array.from({ length: 501 }, (_, index) => ({
      Id: `10.42.${index % 2 === 0 ? 1 : 17}.${1 + (index % 250)}`,
      Port: 1000 + index,
    }));
    await register(group, ...targets.slice(0, 500));
    await assert.rejects(register(group, targets[500] as elb.TargetDescription), hasCode("TooManyTargetsException"));
    await register(group, targets[0] as elb.TargetDescription);
    assert.equal(Object.keys(await health(group)).length, 500);
    await deregister(group, targets[0] as elb.TargetDescription);
    await register(group, targets[500] as elb.TargetDescription);
  });

  it("holds 500 targets per zone without, and 1000 per group", async () => {
    const group = await tcp("zones");
    const other =
      (
        await rig().elb.send(
          new elb.CreateLoadBalancerCommand({
            Name: "net-zones",
            Type: "network",
            Scheme: "internal",
            Subnets: rig().subnets,
          }),
        )
      ).LoadBalancers?.[0]?.LoadBalancerArn ?? "";
    await rig().elb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: other,
        Protocol: "TCP",
        Port: 80,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
      }),
    );
    const inZone = (third: number, from: number, count: number): elb.TargetDescription[] =>
      Array.from({ length: count }, (_, index) => ({
        Id: `10.42.${third}.${1 + ((from + index) % 250)}`,
        Port: 1000 + from + index,
      }));
    await register(group, ...inZone(1, 0, 500));
    await assert.rejects(register(group, ...inZone(1, 500, 1)), hasCode("TooManyTargetsException"));
    await register(group, ...inZone(17, 0, 500));
    const alone = await tcp("alone");
    await register(alone, ...inZone(1, 0, 1000));
    await assert.rejects(register(alone, ...inZone(17, 0, 1)), hasCode("TooManyTargetsException"));
  });

  it("does what was asked when only the answer is lost, and nothing when the call times out", async () => {
    const group = await tcp("faulty");
    await listen(group);
    rig().front.faults.add({ operation: "elbv2:RegisterTargets", kind: "lost-answer", count: 1 });
    await assert.rejects(register(group, { Id: "10.42.0.220" }));
    assert.deepEqual(Object.keys(await health(group)), ["10.42.0.220:80"]);
    rig().front.faults.add({ operation: "elbv2:RegisterTargets", kind: "timeout", ms: 50, count: 1 });
    await assert.rejects(register(group, { Id: "10.42.0.221" }));
    assert.deepEqual(Object.keys(await health(group)), ["10.42.0.220:80"]);
    const logged = rig()
      .front.requests()
      .filter((one) => one.operation === "elasticloadbalancing:RegisterTargets" && one.fault !== undefined);
    assert.deepEqual(
      logged.map((one) => one.status),
      [200, 0],
    );
  });

  it("holds a delayed call for its time and then does it", async () => {
    const group = await tcp("late");
    rig().front.faults.add({ operation: "elbv2:*", kind: "delay", ms: 300, count: 1 });
    const before = Date.now();
    await register(group, { Id: "10.42.0.230" });
    assert.ok(Date.now() - before >= 295, `${Date.now() - before} ms`);
    assert.equal(Object.keys(await health(group)).length, 1);
    assert.deepEqual(rig().front.faults.list(), []);
  });

  it("routes by weights: both groups are in the data plane's listener", async () => {
    const groups = [await tcp("w-blue"), await tcp("w-green")];
    const listener =
      (
        await rig().elb.send(
          new elb.CreateListenerCommand({
            LoadBalancerArn: balancer,
            Protocol: "TCP",
            Port: 999,
            DefaultActions: [{ Type: "forward", TargetGroupArn: groups[0] }],
          }),
        )
      ).Listeners?.[0]?.ListenerArn ?? "";
    const weigh = (...weights: number[]): Promise<unknown> =>
      rig().elb.send(
        new elb.ModifyListenerCommand({
          ListenerArn: listener,
          DefaultActions: [
            {
              Type: "forward",
              ForwardConfig: {
                TargetGroups: groups.map((TargetGroupArn, index) => ({ TargetGroupArn, Weight: weights[index] })),
              },
            },
          ],
        }),
      );
    await weigh(75, 25);
    await until(
      "the weights",
      () =>
        rig()
          .state?.listeners.flatMap(({ arn, routing: { action } }) =>
            arn === listener && action.type === "forward" ? action.targetGroups.map((one) => one.weight) : [],
          )
          .join() === "75,25",
    );
    await assert.rejects(weigh(1000, 0), hasCode("ValidationError"));
    await assert.rejects(
      rig().elb.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: groups[1] })),
      hasCode("ResourceInUseException"),
    );
  });
});
