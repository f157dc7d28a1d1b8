import assert from "node:assert/strict";
import { releasePatch } from "../../../automation/adoption/effects";
import { adoptionFindings, beforeAdoption, type Surroundings } from "../../../automation/adoption/preconditions";
import type { ServiceObject } from "../../../automation/ports";

const arn = (kind: string): string => `arn:aws:elasticloadbalancing:us-east-1:1:${kind}`;
const tags = {
  "elbv2.k8s.aws/cluster": "dev-blue",
  "service.k8s.aws/stack": "web/web-lb",
  "service.k8s.aws/resource": "LoadBalancer",
  team: "a",
};
const object: ServiceObject = {
  type: "LoadBalancer",
  loadBalancerClass: "service.k8s.aws/nlb",
  sourceRanges: ["0.0.0.0/0"],
  allocateNodePorts: false,
  finalizers: ["other/finalizer", "service.k8s.aws/resources"],
  deleting: false,
  resourceVersion: "1",
  ports: [],
  annotations: {
    "service.beta.kubernetes.io/aws-load-balancer-type": "external",
    "service.beta.kubernetes.io/aws-load-balancer-attributes": "deletion_protection.enabled=true",
    "service.beta.kubernetes.io/aws-load-balancer-multi-cluster-target-group": "true",
    mine: "x",
  },
  writers: [
    { manager: "pulumi-kubernetes-1", operation: "Apply", at: null, fields: ["spec.type"] },
    { manager: "controller", operation: "Update", at: null, fields: ["metadata.finalizers"] },
  ],
};
const good: Surroundings = {
  primary: "blue",
  role: "active",
  clusterName: "dev-blue",
  service: "web",
  namespace: "web",
  name: "web-lb",
  keys: new Map([[80, "web"]]),
  object,
  unreachable: {},
  failedProbe: null,
  controller: { available: true, message: "" },
  events: [
    { type: "Warning", reason: "FailedBuildModel", message: "", at: "2026-01-01T00:00:00Z" },
    { type: "Normal", reason: "SuccessfullyReconciled", message: "", at: "2026-01-01T00:00:05Z" },
  ],
  balancer: {
    arn: arn("loadbalancer"),
    name: "k8s-web",
    dnsName: "x",
    scheme: "internet-facing",
    ipAddressType: "ipv4",
    vpcId: "vpc-1",
    subnetIds: ["subnet-1"],
    attributes: {},
    securityGroups: [
      { id: "sg-1", name: "k8s-web", description: "", vpcId: "vpc-1", tags },
      {
        id: "sg-2",
        name: "k8s-traffic-dev",
        description: "",
        vpcId: "vpc-1",
        tags: { "elbv2.k8s.aws/cluster": "dev-blue", "elbv2.k8s.aws/resource": "backend-sg" },
      },
    ],
    listeners: [{ arn: arn("listener"), port: 80, protocol: "TCP", targetGroupArns: [arn("targetgroup")] }],
    targetGroups: [
      {
        arn: arn("targetgroup"),
        name: "k8s-web",
        port: 8080,
        protocol: "TCP",
        targetType: "ip",
        vpcId: "vpc-1",
        attributes: {},
        healthCheck: {
          protocol: "TCP",
          port: "traffic-port",
          path: null,
          intervalSeconds: 10,
          timeoutSeconds: 10,
          healthyThreshold: 3,
          unhealthyThreshold: 3,
          matcher: null,
        },
      },
    ],
  },
  bindings: [
    {
      namespace: "web",
      name: "k8s-web",
      labels: { "service.k8s.aws/stack-name": "web-lb", "service.k8s.aws/stack-namespace": "web", mine: "x" },
      targetGroupArn: arn("targetgroup"),
      multiCluster: true,
      service: "web-lb",
      servicePort: 80,
      networking: null,
      deleting: false,
      settled: true,
    },
  ],
  tags: {
    [arn("loadbalancer")]: tags,
    [arn("listener")]: tags,
    [arn("targetgroup")]: tags,
    "sg-1": tags,
    "sg-2": { "elbv2.k8s.aws/cluster": "dev-blue", "elbv2.k8s.aws/resource": "backend-sg" },
  },
  targets: {
    [arn("targetgroup")]: [
      { id: "10.0.0.1:8080", state: "healthy", reason: null, description: null },
      { id: "10.0.0.2:8080", state: "draining", reason: null, description: null },
    ],
  },
};
const annotated = (changes: Record<string, string>): Surroundings => ({
  ...good,
  object: { ...object, annotations: { ...object.annotations, ...changes } },
});

describe("what must hold before a load balancer is handed over", () => {
  it("has nothing against a calm Service", () => assert.deepEqual(adoptionFindings(good, false), []));

  const cases: readonly [string, Surroundings, RegExp][] = [
    ["no finalizer", { ...good, object: { ...object, finalizers: [] } }, /finalizer/],
    [
      "a failure after the last success",
      {
        ...good,
        events: [
          ...good.events,
          { type: "Warning", reason: "FailedDeployModel", message: "", at: "2026-01-01T00:00:09Z" },
        ],
      },
      /not calm/,
    ],
    [
      "a failure in the same second",
      {
        ...good,
        events: [
          ...good.events,
          { type: "Warning", reason: "FailedDeployModel", message: "", at: "2026-01-01T00:00:05Z" },
        ],
      },
      /not calm/,
    ],
    ["no event at all", { ...good, events: [] }, /not calm/],
    [
      "no deletion protection",
      annotated({
        "service.beta.kubernetes.io/aws-load-balancer-attributes": "load_balancing.cross_zone.enabled=true",
      }),
      /deletion_protection/,
    ],
    [
      "the flag off",
      annotated({ "service.beta.kubernetes.io/aws-load-balancer-multi-cluster-target-group": "false" }),
      /multi-cluster/,
    ],
    [
      "a GitOps tool that writes it",
      {
        ...good,
        object: {
          ...object,
          writers: [
            ...object.writers,
            { manager: "argocd-controller", operation: "Apply", at: "2026-01-01T00:00:00Z", fields: ["spec.type"] },
          ],
        },
      },
      /argocd-controller \(Apply/,
    ],
    ["the controller down", { ...good, controller: { available: false, message: "0 of 1 pods ready" } }, /0 of 1 pods/],
    ["a member that does not answer", { ...good, unreachable: { green: "no answer" } }, /green does not answer/],
    ["being deleted", { ...good, object: { ...object, deleting: true } }, /being deleted/],
    [
      "a second binding",
      { ...good, bindings: [...good.bindings, { ...good.bindings[0]!, name: "web" }] },
      /2 bindings/,
    ],
    ["a port that the config lacks", { ...good, keys: new Map() }, /no port 80/],
    ["a primary that stands by", { ...good, role: "standby" }, /primary blue is standby.*must be active/],
    ["no load balancer", { ...good, balancer: null }, /no load balancer/],
  ];
  for (const [name, seen, expected] of cases) {
    it(`refuses: ${name}`, () => {
      const findings = adoptionFindings(seen, false);
      assert.equal(findings.length, 1, JSON.stringify(findings));
      assert.match(findings[0]!.message, expected);
      assert.equal(findings[0]!.code, "EBG-ADOPT");
    });
  }

  it("keeps what the way back needs, and the backend group's tags out of it", () => {
    const before = beforeAdoption(good);
    assert.deepEqual(
      Object.keys(before.tags).sort(),
      [arn("listener"), arn("loadbalancer"), arn("targetgroup"), "sg-1"].sort(),
    );
    assert.equal(before.tags["sg-1"]?.["team"], undefined);
    assert.deepEqual(before.loadBalancer.tags, { team: "a" });
    assert.deepEqual(before.labels, {
      "k8s-web": { "service.k8s.aws/stack-name": "web-lb", "service.k8s.aws/stack-namespace": "web" },
    });
    assert.deepEqual(before.targets, { web: ["10.0.0.1:8080"] });
    assert.deepEqual(
      before.loadBalancer.securityGroups.map(({ id, kind }) => [id, kind]),
      [
        ["sg-1", "managed"],
        ["sg-2", "backend"],
      ],
    );
  });

  it("lets the Service go in one patch that fails as a whole when somebody was faster", () => {
    assert.deepEqual(releasePatch(object, "ClusterIP"), [
      { op: "test", path: "/metadata/finalizers/1", value: "service.k8s.aws/resources" },
      { op: "remove", path: "/metadata/finalizers/1" },
      { op: "test", path: "/spec/type", value: "LoadBalancer" },
      { op: "replace", path: "/spec/type", value: "ClusterIP" },
      { op: "remove", path: "/spec/loadBalancerClass" },
      { op: "remove", path: "/spec/loadBalancerSourceRanges" },
      { op: "remove", path: "/metadata/annotations/service.beta.kubernetes.io~1aws-load-balancer-type" },
    ]);
    assert.deepEqual(
      releasePatch(
        { ...object, type: "ClusterIP", loadBalancerClass: null, sourceRanges: [], finalizers: [], annotations: {} },
        "ClusterIP",
      ),
      [],
    );
  });
});
