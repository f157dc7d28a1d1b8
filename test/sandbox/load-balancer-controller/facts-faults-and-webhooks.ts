/** Faults, the admission webhooks, several bindings of one group. */
import assert from "node:assert/strict";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";

const FLAG = { multiClusterTargetGroup: true };
const REGISTER = "elasticloadbalancing:RegisterTargets";
const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";

interface Configuration {
  readonly webhooks: readonly {
    readonly name: string;
    readonly failurePolicy: string;
    readonly clientConfig: { readonly url?: string; readonly service?: object; readonly caBundle?: string };
  }[];
}

export function faultAndWebhookFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: Rig["blue"];
  before(() => {
    rig = rigOf();
    blue = rig.blue;
  });
  const refused = async (what: Promise<unknown>, message: RegExp): Promise<void> => {
    await assert.rejects(what, (error: Error & { status?: number }) => (assert.match(error.message, message), true));
  };
  const configuration = (kind: "mutating" | "validating"): Promise<Configuration> =>
    blue.client.get<Configuration>(`${CONFIGURATIONS}/${kind}webhookconfigurations/aws-load-balancer-webhook`);

  it("31: throttled calls are repeated by the SDK, without an event", async () => {
    const arn = await rig.targetGroup("f31t");
    await blue.serve("f31t", [1], { targetGroupARN: arn, ...FLAG });
    const since = rig.now();
    rig.front.faults.add({ operation: REGISTER, kind: "throttle", count: 4 });
    await blue.endpoints("f31t", [1, 2]);
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
    assert.deepEqual(rig.changes(arn, since), Array(5).fill("RegisterTargets"));
    assert.ok(!(await blue.events("f31t")).some((event) => event.reason === "FailedReconcile"));
  });

  it("31: refused calls make an event each and are repeated with doubling pauses", async () => {
    const arn = await rig.targetGroup("f31d");
    await blue.serve("f31d", [1], { targetGroupARN: arn, ...FLAG });
    const since = rig.now();
    rig.front.faults.add({ operation: REGISTER, kind: "error", code: "AccessDenied", status: 403, count: 12 });
    await blue.endpoints("f31d", [1, 2]);
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
    const times = rig
      .logged(since)
      .filter((one) => one.operation === REGISTER && one.params["TargetGroupArn"] === arn)
      .map((one) => Date.parse(one.at));
    assert.equal(times.length, 13);
    const pause = (n: number): number => (times[n] ?? 0) - (times[n - 1] ?? 0);
    // 5 ms doubled ten and eleven times, at a scale of 100.
    assert.ok(pause(11) >= 50 && pause(12) >= 100, `the last pauses were ${pause(11)} and ${pause(12)} ms`);
    await until(
      "the events",
      async () =>
        (await blue.events("f31d"))
          .filter((event) => event.reason === "FailedReconcile")
          .reduce((sum, event) => sum + event.count, 0) === 12,
    );
    assert.match(
      (await blue.events("f31d")).find((event) => event.reason === "FailedReconcile")?.message ?? "",
      /AccessDenied/,
    );
  });

  it("31: while it is down, bindings can't be written and their end hangs; pods pass", async () => {
    const arn = await rig.targetGroup("f31w");
    await blue.serve("f31w", [1], { targetGroupARN: arn, ...FLAG });
    await blue.client.patch("/api/v1/namespaces/default", "merge", {
      metadata: { labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } },
    });
    await blue.killController();
    await refused(
      blue.patchBinding("f31w", { metadata: { labels: { a: "b" } } }),
      /failed calling webhook "mtargetgroupbinding.elbv2.k8s.aws"/,
    );
    await refused(blue.service("f31w-second"), /failed calling webhook "mservice.elbv2.k8s.aws"/);
    await blue.pod("f31w-2");
    await blue.startDeletingBinding("f31w");
    assert.ok((await blue.binding("f31w"))?.metadata.deletionTimestamp);
    assert.deepEqual(await rig.targets(arn), [blue.address(1)]);
    await blue.startController();
    await until("the binding to be gone", async () => (await blue.binding("f31w")) === undefined);
    await rig.untilTargets(arn);
    await blue.client.patch("/api/v1/namespaces/default", "merge", {
      metadata: { labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": null } },
    });
  });

  it("3: a clean-up that fails is told by event and condition, and repeated", async () => {
    const arn = await rig.targetGroup("f3c");
    await blue.serve("f3c", [1], { targetGroupARN: arn, ...FLAG });
    const fault = rig.front.faults.add({
      operation: "elasticloadbalancing:DeregisterTargets",
      kind: "error",
      code: "AccessDenied",
      status: 403,
    });
    await blue.startDeletingBinding("f3c");
    await until(
      "the condition",
      async () =>
        (await blue.binding("f3c"))?.status?.conditions?.some(
          (one) => one.type === "Ready" && one.status === "False" && one.reason === "FailedCleanup",
        ) ?? false,
    );
    await until("the event", async () => (await blue.events("f3c")).some((event) => event.reason === "FailedCleanup"));
    rig.front.faults.remove(fault.id);
    await until("the binding to be gone", async () => (await blue.binding("f3c")) === undefined);
    assert.deepEqual(await rig.targets(arn), []);
  });

  it("24: a binding whose group is gone can be deleted at once", async () => {
    const arn =
      (
        await rig.lb.send(
          new elb.CreateTargetGroupCommand({
            Name: "f24",
            Protocol: "TCP",
            Port: 8080,
            VpcId: rig.vpcId,
            TargetType: "ip",
          }),
        )
      ).TargetGroups?.[0]?.TargetGroupArn ?? "";
    await blue.serve("f24", [1], { targetGroupARN: arn, ...FLAG });
    await rig.lb.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: arn }));
    await blue.endpoints("f24", [1, 2]);
    await until("the event", async () =>
      (await blue.events("f24")).some(
        (event) => event.reason === "FailedReconcile" && /TargetGroupNotFound/.test(event.message),
      ),
    );
    await blue.deleteBinding("f24");
  });

  it("32: fills a binding in from its group, by ARN or name, and keeps what must not change", async () => {
    const arn = await rig.targetGroup("f32");
    await blue.service("f32");
    await blue.endpoints("f32", [1]);
    const { spec } = await blue.bind("f32", { targetGroupName: "f32", ...FLAG });
    assert.deepEqual(spec, {
      targetGroupARN: arn,
      targetGroupName: "f32",
      targetType: "ip",
      ipAddressType: "ipv4",
      vpcID: rig.vpcId,
      targetGroupProtocol: "TCP",
      serviceRef: { name: "f32", port: 80 },
      ...FLAG,
    });
    await blue.untilDone("f32");
    const immutable = {
      targetGroupARN: `${arn}x`,
      targetType: "instance",
      ipAddressType: "ipv6",
      vpcID: "vpc-12345678",
    };
    for (const [field, value] of Object.entries(immutable))
      await refused(
        blue.patchBinding("f32", { spec: { [field]: value } }),
        new RegExp(`immutable fields: spec.${field}`),
      );
    for (const change of [
      { serviceRef: { name: "other", port: 80 } },
      { multiClusterTargetGroup: false },
      { targetGroupProtocol: "TLS" },
      { iamRoleArnToAssume: "arn:aws:iam::1:role/x" },
    ]) {
      await blue.client.patch(
        `/apis/elbv2.k8s.aws/v1beta1/namespaces/default/targetgroupbindings/f32?dryRun=All`,
        "merge",
        { spec: change },
      );
    }
  });

  it("32: refuses what doesn't fit the group", async () => {
    const arn = await rig.targetGroup("f32r");
    const bad = (more: object, message: RegExp): Promise<void> =>
      refused(blue.bind("f32r", { targetGroupARN: arn, ...FLAG, ...more }), message);
    await bad({ targetGroupARN: arn.replace(/.$/, "x") }, /TargetGroupNotFound/);
    await bad({ targetGroupARN: arn.replace("eu-west-1", "us-east-1") }, /denied the request/);
    await bad({ targetGroupARN: undefined }, /TargetGroupARN or TargetGroupName/);
    await bad({ vpcID: "vpc-1" }, /VPC Id must begin with 'vpc-'/);
    await bad({ vpcID: "vpc-12345678" }, /invalid VpcID/);
    await bad({ ipAddressType: "ipv6" }, /invalid IP address type/);
    await bad({ targetGroupProtocol: "UDP" }, /protocol differs/);
    await bad({ targetType: "ip", nodeSelector: {} }, /cannot set NodeSelector/);
  });

  it("shows bindings as the real definition does, and knows them by a short name", async () => {
    await blue.serve("columns", [1], { targetGroupARN: await rig.targetGroup("columns"), ...FLAG });
    const { resources } = await blue.client.get<{
      readonly resources: readonly { readonly name: string; readonly shortNames?: readonly string[] }[];
    }>("/apis/elbv2.k8s.aws/v1beta1");
    assert.deepEqual(resources.find((one) => one.name === "targetgroupbindings")?.shortNames, ["tgb"]);
    const { spec } = await blue.client.get<{
      spec: { versions: readonly { additionalPrinterColumns: readonly { name: string; priority?: number }[] }[] };
    }>("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/targetgroupbindings.elbv2.k8s.aws");
    assert.deepEqual(
      spec.versions[0]?.additionalPrinterColumns.map((one) => `${one.name} ${one.priority ?? 0}`),
      ["SERVICE-NAME 0", "SERVICE-PORT 0", "TARGET-TYPE 0", "ARN 1", "NAME 2", "AGE 0"],
    );
  });

  it("33: one group twice only if all bindings have the flag; the end of one takes the other's equal targets along", async () => {
    const arn = await rig.targetGroup("f33");
    await blue.serve("f33", [1], { targetGroupARN: arn });
    await refused(
      blue.bind("f33-b", { targetGroupARN: arn, ...FLAG }),
      /already bound to following TargetGroupBindings/,
    );
    await blue.patchBinding("f33", { spec: FLAG });
    await blue.untilDone("f33");
    await blue.bind("f33-b", { targetGroupARN: arn, serviceRef: { name: "f33", port: 80 }, ...FLAG });
    await blue.untilDone("f33-b");
    await refused(
      blue.patchBinding("f33", { spec: { multiClusterTargetGroup: false } }),
      /already bound to following TargetGroupBindings/,
    );
    await blue.deleteBinding("f33-b");
    await rig.untilTargets(arn);
    await blue.serve("f33-later", [9], { targetGroupARN: await rig.targetGroup("f33-later"), ...FLAG });
    assert.deepEqual(await rig.targets(arn), [], "the other one doesn't notice");
  });

  it("38: carries at most 200 targets a call", async () => {
    const arn = await rig.targetGroup("f38");
    const many = Array.from({ length: 450 }, (_, n) => ({
      id: `10.42.${4 + Math.floor(n / 200)}.${1 + (n % 200)}`,
      n,
    }));
    await blue.service("f38");
    await blue.pod("f38-1");
    await blue.endpoints(
      "f38",
      [],
      many.map(({ id }) => ({
        addresses: [id],
        conditions: { ready: true },
        targetRef: { kind: "Pod", name: "f38-1", namespace: "default" },
      })),
    );
    const since = rig.now();
    await blue.bind("f38", { targetGroupARN: arn, ...FLAG });
    await blue.untilDone("f38");
    assert.equal((await rig.targets(arn)).length, 450);
    await blue.deleteBinding("f38");
    assert.deepEqual(rig.changes(arn, since), [
      ...Array(3).fill("RegisterTargets"),
      ...Array(3).fill("DeregisterTargets"),
    ]);
  });

  it("points its webhooks at itself again when a Helm update restored the chart's, and leaves deleted ones alone", async () => {
    for (const kind of ["mutating", "validating"] as const) {
      const before_ = await configuration(kind);
      const restored = before_.webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: {
          service: {
            name: "aws-load-balancer-webhook-service",
            namespace: "kube-system",
            path: new URL(webhook.clientConfig.url ?? "").pathname,
          },
        },
      }));
      await blue.client.patch(`${CONFIGURATIONS}/${kind}webhookconfigurations/aws-load-balancer-webhook`, "merge", {
        webhooks: restored,
      });
      await until(
        "the controller's own URL",
        async () => JSON.stringify((await configuration(kind)).webhooks) === JSON.stringify(before_.webhooks),
      );
    }
    assert.deepEqual(
      (await configuration("mutating")).webhooks.filter((one) => one.failurePolicy === "Ignore").map((one) => one.name),
      ["mpod.elbv2.k8s.aws"],
    );
  });

  it("makes its webhook configurations when they are absent at its start, not when they are deleted later", async () => {
    const gone = async (kind: string): Promise<boolean> =>
      blue.client.get(`${CONFIGURATIONS}/${kind}webhookconfigurations/aws-load-balancer-webhook`).then(
        () => false,
        () => true,
      );
    for (const kind of ["mutating", "validating"])
      await blue.client.delete(`${CONFIGURATIONS}/${kind}webhookconfigurations/aws-load-balancer-webhook`);
    const arn = await rig.targetGroup("hooks");
    await blue.service("hooks");
    await blue.endpoints("hooks", [1]);
    await blue.bind("hooks", { targetGroupARN: arn, targetType: "ip", ...FLAG });
    await blue.untilDone("hooks");
    assert.ok((await gone("mutating")) && (await gone("validating")));
    await blue.restartController();
    assert.ok(!(await gone("mutating")) && !(await gone("validating")));
    await refused(blue.bind("hooks-2", { targetGroupARN: `${arn}x` }), /denied the request/);
  });
}
