import assert from "node:assert/strict";
import fc from "fast-check";
import { assertAllowed, changesOf, leavesOf, refusals, type Purpose } from "../../../automation/policy/move-policy";
import type { PlannedOperation } from "../../../automation/ports";

const below = "eks-blue-green:index:Part$";
const op = (operation: string, type: string, paths: string[] = [], custom = true): PlannedOperation => ({
  operation,
  type,
  urn: `urn:pulumi:dev-blue::p::${/^(pulumi:pulumi|eks-blue-green):/.test(type) ? "" : below}${type}::blue-x`,
  paths,
  custom,
});
/** Of the files of a workload. */
const ofFiles = (operation: string, type: string, paths: string[] = []): PlannedOperation => ({
  ...op(operation, type, paths),
  urn: `urn:pulumi:dev-blue::p::eks-blue-green:index:WorkloadObjects$${type}::blue-web-shop/web`,
});
const configMap = "kubernetes:core/v1:ConfigMap";
const binding = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding";
const component = "eks-blue-green:index:TargetGroupBinding";
const deployment = "kubernetes:apps/v1:Deployment";
const cluster = "aws:eks/cluster:Cluster";
const nodeGroup = "aws:eks/nodeGroup:NodeGroup";
const provider = "pulumi:providers:kubernetes";
const listener = "aws:lb/listener:Listener";
const rule = "aws:lb/listenerRule:ListenerRule";
const weight = (root: string): string => `${root}[0].forward.targetGroups[1].weight`;

const cases: readonly [Purpose, PlannedOperation, boolean][] = [
  ["admit", op("create", binding), true],
  ["admit", op("create", component, [], false), true],
  ["admit", op("update", "pulumi:pulumi:Stack", [], false), true],
  ["admit", op("read", "pulumi:pulumi:StackReference"), true],
  ["admit", op("update", binding), false],
  ["admit", op("delete", binding), false],
  ["admit", op("update", cluster, ["version"]), false],
  ["admit", op("replace", provider), false],
  ["admit", op("update", provider, ["kubeconfig"]), false],
  ["drain", op("delete", binding), true],
  ["drain", op("delete", component, [], false), true],
  ["drain", op("create", binding), false],
  ["drain", op("delete", deployment), false],
  ["scale", op("update", deployment, ["spec.replicas"]), true],
  ["scale", op("update", deployment, ['["spec"]["replicas"]']), true],
  ["scale", op("update", deployment, ["spec.replicas", "spec.template"]), false],
  ["scale", op("update", deployment, ["spec.replicas", "metadata.annotations"]), true],
  ["scale", op("update", deployment, ["spec.replicas", 'metadata.annotations["pulumi.com/patchForce"]']), true],
  ["scale", op("update", deployment, ["spec.replicas", "metadata.labels"]), false],
  ["scale", op("update", deployment, []), false],
  // What an earlier attempt changed, and did not get ready.
  ["scale", { ...op("update", deployment, []), incomplete: true }, true],
  ["scale", { ...op("update", deployment, ["spec.template"]), incomplete: true }, false],
  ["upgrade", { ...op("update", nodeGroup, []), incomplete: true }, true],
  ["admit", { ...op("update", deployment, []), incomplete: true }, false],
  ["scale", op("delete", "kubernetes:policy/v1:PodDisruptionBudget"), true],
  ["scale", op("delete", deployment), false],
  ["provision", op("create", cluster), true],
  ["provision", op("create", provider), true],
  // A Deployment whose pods never got ready is finished by updating it.
  ["provision", op("update", cluster), true],
  ["provision", op("delete", cluster), false],
  ["provision", op("replace", cluster), false],
  // Files that were corrected after a failed attempt, in the engine's three operations for a replacement.
  ["provision", ofFiles("replace", configMap, ["data"]), true],
  ["provision", ofFiles("delete-replaced", configMap, ["data"]), true],
  ["provision", ofFiles("create-replacement", configMap, ["data"]), true],
  ["provision", ofFiles("delete", deployment), true],
  ["provision", op("replace", configMap, ["data"]), false],
  ["provision", ofFiles("replace", provider), false],
  ["admit", ofFiles("replace", configMap, ["data"]), false],
  ["admit", ofFiles("delete", deployment), false],
  ["drain", ofFiles("delete", deployment), false],
  ["retire", op("delete", cluster), true],
  ["retire", op("delete", provider), true],
  ["retire", op("create", cluster), false],
  ["record", op("update", cluster), false],
  ["record", op("update", listener, [weight("defaultActions")]), false],
  ["shift", op("update", listener, [weight("defaultActions")]), true],
  ["shift", op("update", rule, [weight("actions"), "actions[0].forward.targetGroups[0].weight"]), true],
  ["shift", op("update", rule, ['["actions"][0]["forward"]["targetGroups"]']), true],
  ["shift", op("update", listener, ["defaultActions"]), true],
  ["shift", op("update", "eks-blue-green:index:SharedLoadBalancer", [], false), true],
  ["shift", { ...op("update", listener, []), incomplete: true }, true],
  ["shift", op("update", listener, []), false],
  // Each kind has its actions under a name of its own.
  ["shift", op("update", rule, [weight("defaultActions")]), false],
  ["shift", op("update", listener, [weight("actions")]), false],
  ["shift", op("update", listener, [weight("defaultActions"), "sslPolicy"]), false],
  ["shift", op("update", listener, ["defaultActions[0].redirect.statusCode"]), false],
  ["shift", op("update", listener, ["defaultActions[0].forward.stickiness.duration"]), true],
  ["shift", op("update", listener, ["defaultActions[0].authenticateOidc.scope"]), false],
  ["shift", op("update", listener, ["defaultActionsElsewhere"]), false],
  ["shift", op("update", rule, ["priority"]), false],
  ["shift", op("create", rule), false],
  ["shift", op("delete", listener), false],
  ["shift", op("update", "aws:lb/targetGroup:TargetGroup", ["deregistrationDelay"]), false],
  ["shift", op("update", "aws:lb/loadBalancer:LoadBalancer", ["idleTimeout"]), false],
  ["shift", op("create", binding), false],
  ["admit", op("update", listener, [weight("defaultActions")]), false],
  ["drain", op("update", rule, [weight("actions")]), false],
  ["scale", op("update", nodeGroup, ["scalingConfig.desiredSize"]), true],
  ["scale", op("update", nodeGroup, ["scalingConfig.desiredSize", "scalingConfig.maxSize"]), false],
  ["scale", op("update", nodeGroup, ["version"]), false],
  ["upgrade", op("update", cluster, ["version"]), true],
  ["upgrade", op("update", "aws:eks/addon:Addon", ["addonVersion"]), true],
  ["upgrade", op("update", nodeGroup, ["version"]), true],
  ["upgrade", op("update", component, [], false), true],
  ["upgrade", op("update", cluster, ["version", "vpcConfig.endpointPublicAccess"]), false],
  ["upgrade", op("update", cluster, []), false],
  ["upgrade", op("update", nodeGroup, ["version", "scalingConfig.desiredSize"]), false],
  ["upgrade", op("update", deployment, ["spec.replicas"]), false],
  ["upgrade", op("create", binding), false],
  ["upgrade", op("update", provider, ["kubeconfig"]), false],
];

describe("operations allow-list", () => {
  for (const [purpose, operation, ok] of cases) {
    it(
      `${purpose}: ${operation.operation} ${operation.type} ${operation.paths.join(",")} is ` +
        `${ok ? "allowed" : "refused"}`,
      () => {
        assert.equal(refusals(purpose, [operation]).length === 0, ok);
      },
    );
  }

  it(
    "the engine's own default providers come and go in any move and are no pending change; explicit ones are, and " +
      "no provider is changed or replaced",
    () => {
      const named = (operation: string, type: string, name: string, paths: string[] = []): PlannedOperation => ({
        ...op(operation, type, paths),
        urn: `urn:pulumi:dev-blue::p::${type}::${name}`,
      });
      // What a `pulumi destroy` that stopped at a protected binding had taken out of a member's state.
      const back = [
        named("create", "pulumi:providers:pulumi", "default"),
        named("create", "pulumi:providers:eks", "default_4_3_0"),
        named("delete", "pulumi:providers:aws", "default_7_48_0"),
      ];
      assert.deepEqual(changesOf(back), []);
      for (const move of ["provision", "admit", "drain", "scale", "upgrade", "retire", "record"] as const)
        assert.deepEqual(refusals(move, back), [], move);
      const strict = [
        named("create", provider, "blue-eks-k8s"),
        named("delete", provider, "defaults"),
        named("create", provider, "default-k8s"),
        named("update", "pulumi:providers:aws", "default_7_48_0", ["region"]),
        named("replace", "pulumi:providers:aws", "default"),
      ];
      assert.deepEqual(changesOf(strict), strict);
      assert.equal(refusals("admit", strict).length, strict.length);
    },
  );

  it("never lets a replacement through, whatever the move and type", () => {
    const purpose = fc.constantFrom<Purpose>(
      "provision",
      "admit",
      "drain",
      "scale",
      "retire",
      "record",
      "upgrade",
      "shift",
    );
    fc.assert(
      fc.property(
        purpose,
        fc.constantFrom(binding, component, deployment, cluster, provider),
        fc.constantFrom("replace", "create-replacement", "delete-replaced"),
        (move, type, operation) => refusals(move, [op(operation, type)]).length === 1,
      ),
    );
  });

  it("names every refused operation, with its stack and the way out", () => {
    assert.throws(
      () =>
        assertAllowed("admit", "dev-blue", [
          op("create", binding),
          op("update", cluster, ["version"]),
          op("delete", deployment),
        ]),
      (error: { code: string; message: string; remedy: string }) => {
        assert.equal(error.code, "EBG-PLAN-REFUSED");
        assert.match(error.message, /Cluster 'blue-x' \(version\)/);
        assert.match(error.message, /delete kubernetes:apps/);
        assert.doesNotMatch(error.message, /TargetGroupBinding 'blue-x'/);
        assert.match(error.remedy, /pulumi up --stack dev-blue/);
        return true;
      },
    );
  });

  it(
    "a primary whose Service is somebody else's goes out and in by its two patches: a key of the selector, an " +
      "annotation, and no more",
    () => {
      const patch = (name: string, paths: string[]): PlannedOperation => ({
        operation: "update",
        type: "kubernetes:core/v1:ServicePatch",
        urn: `urn:pulumi:dev-blue::p::eks-blue-green:index:LoadBalancerService$kubernetes:core/v1:ServicePatch::${name}`,
        paths,
        custom: true,
      });
      const both = [
        patch("blue-web-lb", ['metadata.annotations["pulumi.com/skipAwait"]']),
        patch("blue-web-lb-selector", [
          'metadata.annotations["pulumi.com/skipAwait"]',
          'spec.selector["eks-blue-green/standby"]',
        ]),
      ];
      for (const purpose of ["drain", "admit"] as const) {
        assert.deepEqual(refusals(purpose, both), []);
        assert.equal(refusals(purpose, [patch("blue-web-lb-selector", ["spec.type"])]).length, 1);
        assert.equal(refusals(purpose, [{ ...patch("blue-web-lb-selector", []), operation: "delete" }]).length, 1);
      }
    },
  );

  it("a primary's own rules come when it stands down, go when it is back or released, and never without that", () => {
    const rule = (operation: string): PlannedOperation => ({
      operation,
      type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      urn:
        "urn:pulumi:dev-blue::p::eks-blue-green:index:MemberIngress$" +
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::blue-web-8080",
      paths: [],
      custom: true,
    });
    const whole = (operation: string): PlannedOperation =>
      op(operation, "eks-blue-green:index:MemberIngress", [], false);
    const stand: PlannedOperation = {
      operation: "update",
      type: "kubernetes:core/v1:Service",
      urn: "urn:pulumi:dev-blue::p::eks-blue-green:index:LoadBalancerService$kubernetes:core/v1:Service::blue-web-lb",
      paths: ["spec.selector"],
      custom: true,
    };
    const refusedOf = (purpose: Purpose, ...operations: PlannedOperation[]): string[] =>
      refusals(purpose, operations).map(
        ({ operation }) => `${operation.operation} ${operation.type.split(":").at(-1)}`,
      );
    assert.deepEqual(refusedOf("drain", whole("create"), rule("create"), stand), []);
    assert.deepEqual(refusedOf("admit", whole("delete"), rule("delete"), stand), []);
    assert.deepEqual(refusedOf("release-unprotect", whole("delete"), rule("delete")), []);
    assert.deepEqual(refusedOf("drain", rule("delete"), stand), ["delete SecurityGroupIngressRule"]);
    assert.deepEqual(refusedOf("admit", rule("create"), stand), ["create SecurityGroupIngressRule"]);
    assert.deepEqual(refusedOf("drain", rule("create")), ["create SecurityGroupIngressRule"]);
    assert.deepEqual(refusedOf("admit", rule("delete")), ["delete SecurityGroupIngressRule"]);
    assert.deepEqual(refusedOf("release-remove", rule("delete")), ["delete SecurityGroupIngressRule"]);
  });

  it("asks for a chart where a controller is installed, and nowhere else", () => {
    const purposes = [
      "provision",
      "admit",
      "drain",
      "scale",
      "upgrade",
      "release-unprotect",
      "release-remove",
    ] as const;
    assert.deepEqual(
      purposes.filter((purpose) => leavesOf(purpose) === "nothing"),
      ["provision"],
    );
  });

  it("lets what the user's own program declares come with a member, and lets no other move touch it", () => {
    const theirs = (operation: string, type: string): PlannedOperation => ({
      ...op(operation, type),
      urn: `urn:pulumi:dev-blue::p::${type}::jobs`,
    });
    const all = ["create", "update", "replace", "delete"].flatMap((operation) => [
      theirs(operation, "aws:sqs/queue:Queue"),
      theirs(operation, "pulumi:providers:aws"),
    ]);
    assert.deepEqual(refusals("provision", all), []);
    for (const purpose of ["admit", "drain", "scale", "upgrade", "shift", "record"] as const)
      assert.equal(refusals(purpose, all).length, all.length, purpose);
    assert.deepEqual(
      refusals("retire", all).map(({ operation }) => operation.operation),
      ["create", "create", "update", "update", "replace", "replace"],
    );
  });
});
