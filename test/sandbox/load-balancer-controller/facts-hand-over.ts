/**
 * Section I of the list: a Service's load balancer handed over to somebody else, in the order that works and in those
 * that don't.
 */
import assert from "node:assert/strict";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";
import { PREFIX, PROTECTED, ServiceRig } from "./service-rig";

const FLAG = { "multi-cluster-target-group": "true" };
const AWAY = [
  { op: "test", path: "/metadata/finalizers", value: ["service.k8s.aws/resources"] },
  { op: "remove", path: "/metadata/finalizers" },
  { op: "replace", path: "/spec/type", value: "ClusterIP" },
  { op: "remove", path: "/spec/loadBalancerClass" },
];
const BACK = { spec: { type: "LoadBalancer", loadBalancerClass: "service.k8s.aws/nlb" } };

export function handOverFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: ServiceRig;
  let arns: { readonly group: string; readonly balancer: string; readonly listener: string };
  before(async () => {
    rig = rigOf();
    blue = new ServiceRig(rig, rig.blue);
    await blue.giveInterfaces();
    // Without another one the end of any Service is the last one's: it hangs in the shared security group.
    await blue.serve("keeper", [9]);
  });

  const made = async (name: string): Promise<typeof arns> => {
    const group = await blue.serve(name, [1], { ...FLAG, ...PROTECTED });
    const balancer = (await blue.balancer(name))?.LoadBalancerArn ?? "";
    return { group, balancer, listener: (await blue.listeners(balancer))[0]?.ListenerArn ?? "" };
  };
  const ownGroup = async (name: string): Promise<string> =>
    (await blue.securityGroups({ Name: "tag:service.k8s.aws/stack", Values: [`default/${name}`] }))[0]?.GroupId ?? "";
  const strip = async (name: string, of: typeof arns): Promise<void> => {
    const TagKeys = ["elbv2.k8s.aws/cluster", "service.k8s.aws/stack", "service.k8s.aws/resource"];
    const group = await ownGroup(name);
    await rig.lb.send(new elb.RemoveTagsCommand({ ResourceArns: [of.balancer], TagKeys }));
    await rig.lb.send(new elb.RemoveTagsCommand({ ResourceArns: [of.listener], TagKeys }));
    await rig.lb.send(new elb.RemoveTagsCommand({ ResourceArns: [of.group], TagKeys }));
    await rig.ec2.send(new ec2.DeleteTagsCommand({ Resources: [group], Tags: TagKeys.map((Key) => ({ Key })) }));
  };
  const settled = async (): Promise<void> => {
    await blue.serve("settled", [9]);
    await blue.delete("settled");
  };
  /** Changes of what was handed over since a mark. */
  const touched = (since: number): string[] =>
    rig
      .logged(since)
      .filter(
        (one) =>
          !/:Describe/.test(one.operation) &&
          Object.values(arns).some((arn) => JSON.stringify(one.params).includes(arn)),
      )
      .map((one) => one.operation);

  it(
    "I: a Service without finalizer that is no load balancer is ignored: no write; put back, it is taken again " +
      "with reads only",
    async () => {
      arns = await made("handed");
      const since = rig.now();
      await blue.patch("handed", "json", AWAY);
      await settled();
      assert.deepEqual(touched(since), []);
      assert.deepEqual(await rig.targets(arns.group), [rig.blue.address(1)]);
      const again = rig.now();
      await blue.patch("handed", "merge", BACK);
      await until(
        "the finalizer",
        async () => (await blue.get("handed"))?.metadata.finalizers?.includes("service.k8s.aws/resources") ?? false,
      );
      await blue.untilEvent("handed", "SuccessfullyReconciled", 2);
      // Bindings go their own way: what is left of the ones before may still register.
      assert.deepEqual(blue.bigWrites(again), []);
      assert.deepEqual(touched(again), []);
    },
  );

  it("I: with the finalizer put back the annotation alone holds", async () => {
    await blue.patch("handed", "json", AWAY);
    const since = rig.now();
    await blue.patch("handed", "merge", {
      metadata: { finalizers: ["service.k8s.aws/resources"], annotations: { touched: "1" } },
    });
    await blue.untilEvent("handed", "deletion_protection is enabled", 2);
    assert.deepEqual(blue.bigWrites(since), []);
    assert.deepEqual(await rig.targets(arns.group), [rig.blue.address(1)]);
    await blue.patch("handed", "merge", { metadata: { finalizers: null } });
    await settled();
  });

  it("I: restart, tags off, labels off, scaling and the end of the Service: no write to what was handed over", async () => {
    await rig.blue.restartController();
    const since = rig.now();
    const name = (await blue.bindings("handed"))[0]?.metadata.name ?? "";
    await strip("handed", arns);
    const own = rig.now();
    await rig.blue.patchBinding(name, {
      metadata: { labels: { "service.k8s.aws/stack-name": null, "service.k8s.aws/stack-namespace": null } },
    });
    await rig.blue.restartController();
    await rig.blue.endpoints("handed", [1, 2]);
    await rig.untilTargets(arns.group, rig.blue.address(1), rig.blue.address(2));
    await rig.blue.service("handed-new");
    await rig.blue.endpoints("handed-new", [1, 2]);
    await rig.blue.patchBinding(name, { spec: { serviceRef: { name: "handed-new", port: 80 } } });
    await blue.delete("handed");
    await settled();
    assert.deepEqual([...new Set(touched(own))], ["elasticloadbalancing:RegisterTargets"]);
    assert.ok(since <= own && (await blue.balancers()).some((one) => one.LoadBalancerArn === arns.balancer));
    assert.deepEqual(await rig.targets(arns.group), [rig.blue.address(1), rig.blue.address(2)]);
  });

  it("I: the shared group of a handed-over load balancer can't be deleted, and the last Service hangs in that", async () => {
    const held = async (): Promise<readonly string[]> =>
      (
        await rig.blue.client.get<{
          readonly items: readonly {
            readonly metadata: { readonly name: string; readonly finalizers?: readonly string[] };
          }[];
        }>("/api/v1/namespaces/default/services")
      ).items
        .filter(({ metadata }) => metadata.finalizers?.includes("service.k8s.aws/resources"))
        .map(({ metadata }) => metadata.name)
        .filter((name) => name !== "handed");
    // One after the other: whoever is the last hangs already in what this test is about, and all at once would be.
    const names = await held();
    for (const name of names) {
      await blue.annotate(name, { attributes: null });
      await blue.startDeleting(name);
      if (name !== names.at(-1)) await blue.untilGone(name);
    }
    const since = rig.now();
    await blue.create("f-last", [5]);
    await blue.untilServed("f-last", [5]);
    await blue.startDeleting("f-last");
    const tries = (): number =>
      rig.logged(since).filter((one) => one.operation === "ec2:DeleteSecurityGroup" && one.status === 400).length;
    await until("a few refusals", () => tries() >= 3);
    assert.ok(await blue.get("f-last"));
    // Without its load balancer nothing holds the group.
    await rig.lb.send(
      new elb.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arns.balancer,
        Attributes: [{ Key: "deletion_protection.enabled", Value: "false" }],
      }),
    );
    await rig.lb.send(new elb.DeleteLoadBalancerCommand({ LoadBalancerArn: arns.balancer }));
    await blue.untilGone("f-last");
    assert.deepEqual(await blue.securityGroups({ Name: "tag:elbv2.k8s.aws/cluster", Values: ["blue"] }), []);
  });

  it("I: tags stripped while it is still a load balancer: any edit ends in InvalidGroup.Duplicate, for ever", async () => {
    arns = await made("stripped");
    await strip("stripped", arns);
    await blue.annotate("stripped", { "healthcheck-healthy-threshold": "4" });
    await blue.untilEvent("stripped", "InvalidGroup.Duplicate", 3);
    assert.ok((await blue.balancers()).some((one) => one.LoadBalancerArn === arns.balancer));
  });

  it("I: tags stripped, finalizer and no annotation left: what the cache still knows is deleted, protection or not", async () => {
    await blue.patch("stripped", "merge", {
      metadata: { annotations: { [`${PREFIX}attributes`]: null } },
      spec: { type: "ClusterIP", loadBalancerClass: null },
    });
    await until(
      "the load balancer's end",
      async () => !(await blue.balancers()).some((one) => one.LoadBalancerArn === arns.balancer),
      20_000,
    );
    await until("the group's end", async () => !(await blue.groupExists(arns.group)));
    await blue.delete("stripped");
  });

  it("I: the annotation aws-load-balancer-type keeps a Service of any type with the controller", async () => {
    arns = await made("typed");
    await blue.annotate("typed", { type: "external" });
    await blue.untilEvent("typed", "SuccessfullyReconciled", 1);
    await blue.patch("typed", "json", AWAY);
    await until(
      "the finalizer to be back",
      async () => (await blue.get("typed"))?.metadata.finalizers?.includes("service.k8s.aws/resources") ?? false,
    );
    await blue.annotate("typed", { attributes: null });
    await blue.delete("typed");
  });

  it("31: while the controller is down, a new Service is refused and a deletion hangs", async () => {
    await blue.serve("down", [1]);
    await rig.blue.killController();
    await assert.rejects(blue.create("down-new", []), /failed calling webhook "mservice.elbv2.k8s.aws"/);
    await blue.startDeleting("down");
    assert.ok((await blue.get("down"))?.metadata.deletionTimestamp);
    await rig.blue.startController();
    await blue.untilGone("down");
  });
}
