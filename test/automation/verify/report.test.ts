import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownGroups, sharedGroups } from "../group-refs";
import { preStopOf, selects } from "../../../automation/adapters/kubernetes/workload-readings";
import { nameIn } from "../../../automation/adapters/http/sample";
import { exitCodeOfVerdict } from "../../../automation/cli/exit-codes";
import { verifyLines } from "../../../automation/report/verify";
import { catalog, type VerifyCode } from "../../../automation/verify/catalog";
import type { Inspection } from "../../../automation/verify/inspection";
import type { Reading } from "../../../automation/ports/readings";
import { verify, verdictOf } from "../../../automation/verify/report";

type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
type Open = Mutable<Inspection>;

const balancerArn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/dev/1";
const groupArn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-web/1";
const attributes = "service.beta.kubernetes.io/aws-load-balancer-attributes";
const pods = { blue: ["10.42.1.1:8080", "10.42.1.2:8080"], green: ["10.42.2.1:8080", "10.42.2.2:8080"] };
const seen = <T>(value: T): { kind: "seen"; value: T } => ({ kind: "seen", value });

/** Two active members behind one group, everything as it should be. */
function good(): Open {
  const member = (name: "blue" | "green") => ({
    name,
    clusterName: `dev-${name}`,
    reachable: true,
    problem: "",
    nodes: { ready: 2, total: 2 },
    controller: { available: true, version: "3.5.0", message: "2 of 2 pods ready" },
    services: {
      web: {
        declaredBinding: "web",
        bindings: [{ namespace: "web", name: "web", targetGroupArn: "tg", multiCluster: true, deleting: false }],
        recorded: [...pods[name]],
        endpoints: [...pods[name]],
        deployment: null,
        pods: 2,
      },
    },
  });
  const inspected = () => ({
    crds: seen([{ group: "elbv2.k8s.aws", version: "v1beta1", hasField: true }]),
    bindingTimes: seen({ "web/web": 1000 }),
    workloads: {
      web: seen({
        replicas: 2,
        containers: [{ name: "web", readinessProbe: true, preStop: { how: "sleep" as const, seconds: 200 } }],
        terminationGraceSeconds: 260,
        spreadOver: ["kubernetes.io/hostname"],
        disruptionBudgets: [{ name: "web", minAvailable: null, maxUnavailable: "1" }],
        injectsReadinessGates: true,
        pods: [1, 2].map((n) => ({
          name: `web-${n}`,
          node: `node-${n}`,
          createdAt: 5000,
          readinessGates: ["target-health.elbv2.k8s.aws/web"],
        })),
      }),
    },
  });
  const outputs = (name: string) => ({
    member: name,
    clusterName: `dev-${name}`,
    controller: { namespace: "kube-system", deployment: "lbc", version: "3.5.0" },
    services: {
      web: {
        namespace: "web",
        deployment: "web",
        service: "web",
        servicePort: 80,
        targetGroupArn: "tg",
        binding: "web",
        selector: {},
      },
    },
  });
  const rule = (groupId: string, egress: boolean, more: object) => ({
    groupId,
    egress,
    protocol: "tcp",
    fromPort: 8080,
    toPort: 8080,
    cidr: null,
    referencedGroupId: null,
    ...more,
  });
  return {
    environment: {
      environment: "dev",
      network: { cidrBlock: "10.42.0.0/16" },
      config: {
        services: [{ name: "web", namespace: "web", port: 80, targetPort: 8080, replicas: 2, autoscaled: false }],
      },
      loadBalancer: {
        owner: "stack",
        arn: balancerArn,
        dnsName: "lb",
        services: { web: { name: "web", targetGroupArn: "tg", port: 80 } },
      },
    },
    placement: {
      blue: { role: "active", version: "1.34", workload: "running" },
      green: { role: "active", version: "1.35", workload: "running" },
      red: { role: "absent", version: null, workload: "running" },
    },
    moving: null,
    wrongWeights: [],
    outputs: { blue: outputs("blue"), green: outputs("green") },
    observation: {
      at: 0,
      groupOf: sharedGroups("web"),
      groups: {
        web: [...pods.blue, ...pods.green].map((id) => ({ id, state: "healthy", reason: null, description: null })),
      },
      members: { blue: member("blue"), green: member("green") },
      probes: {},
      alarms: null,
      problems: [],
    },
    members: { blue: inspected(), green: inspected() },
    loadBalancers: {
      [balancerArn]: seen({
        arn: balancerArn,
        scheme: "internet-facing",
        securityGroups: ["sg-lb"],
        attributes: { "deletion_protection.enabled": "true", "load_balancing.cross_zone.enabled": "true" },
      }),
    },
    loadBalancerServices: {
      "web/web-lb": seen({
        member: "blue",
        namespace: "web",
        name: "web-lb",
        annotations: { [attributes]: "deletion_protection.enabled=true,load_balancing.cross_zone.enabled=true" },
      }),
    },
    targetGroups: {
      web: seen({
        targetType: "ip",
        port: 8080,
        healthCheckPort: null,
        attributes: { "deregistration_delay.timeout_seconds": "200" },
      }),
    },
    tags: seen({
      [balancerArn]: { "eks-blue-green/environment": "dev" },
      [groupArn]: { "eks-blue-green/environment": "dev" },
    }),
    adopted: false,
    interfaces: seen(
      Object.fromEntries(
        [...pods.blue, ...pods.green].map((id) => [
          id,
          { address: id.split(":")[0] ?? "", securityGroups: [id.startsWith("10.42.1.") ? "sg-blue" : "sg-green"] },
        ]),
      ),
    ),
    rules: seen([
      rule("sg-lb", true, { cidr: "10.42.0.0/16" }),
      rule("sg-blue", false, { referencedGroupId: "sg-lb" }),
      rule("sg-green", false, { referencedGroupId: "sg-lb" }),
    ]),
    samples: {
      web: seen({
        sent: 1000,
        failed: 0,
        firstFailure: null,
        byName: { blue: 491, green: 509 },
        unnamed: 0,
        seconds: 2,
      }),
    },
  } as unknown as Open;
}

const value = <T>(reading: Reading<T> | { kind: string; value?: T } | undefined): T => {
  assert.equal(reading?.kind, "seen");
  return (reading as { value: T }).value;
};
const groupOf = (open: Open) => value(open.targetGroups["web"]);
const balancerOf = (open: Open) => value(open.loadBalancers[balancerArn]);
const sampleOf = (open: Open) => value(open.samples["web"]);
const workloadOf = (open: Open) => value(open.members["blue"]?.workloads["web"]);
const serviceOf = (open: Open) => open.observation.members["blue"]!.services["web"]!;
const lbServiceOf = (open: Open) => value(open.loadBalancerServices["web/web-lb"]);
/** Blue's nodes are the targets, by NodePort. */
function byNode(open: Open): void {
  const ids = ["i-1:30080", "i-2:30080"];
  Object.assign(serviceOf(open), { recorded: [...ids], endpoints: [...ids] });
  open.observation.groups["web"]!.splice(
    0,
    2,
    ...ids.map((id) => ({ id, state: "healthy" as const, reason: null, description: null })),
  );
  Object.assign(
    value(open.interfaces),
    Object.fromEntries(ids.map((id) => [id, { address: "10.42.1.1", securityGroups: ["sg-blue"] }])),
  );
  groupOf(open).targetType = "instance";
  rulesOf(open).push(
    ...["sg-lb", "sg-blue"].map((groupId, index) => ({
      ...rulesOf(open)[index]!,
      groupId,
      fromPort: 30000,
      toPort: 32767,
    })),
  );
}
const rulesOf = (open: Open) => value(open.rules);

const behindApplication = (open: Open, preStopSeconds: number): void => {
  open.environment.loadBalancer.type = "application";
  for (const { workloads } of Object.values(open.members)) {
    const workload = value(workloads["web"]);
    workload.containers[0]!.preStop!.seconds = preStopSeconds;
    workload.terminationGraceSeconds = preStopSeconds + 60;
  }
};

describe("verify", () => {
  it("asks of pods behind an Application Load Balancer what that one needs, and of others what an NLB needs", () => {
    const open = good();
    behindApplication(open, 90);
    groupOf(open).attributes["deregistration_delay.timeout_seconds"] = "90";
    const codesOf = () => verify(open as Inspection).findings.map(({ code }) => code);
    const ofTimes = ["EBG-V-PRESTOP", "EBG-V-DEREGISTRATION-DELAY"];
    assert.deepEqual(
      codesOf().filter((code) => ofTimes.includes(code)),
      [],
    );
    open.environment.loadBalancer.type = "network";
    assert.deepEqual(
      ofTimes.filter((code) => codesOf().includes(code as never)),
      ofTimes,
    );
  });
  it("compares instance targets as it does pods, and has nothing to say when nodes are all in", () => {
    const open = good();
    byNode(open);
    const report = verify(open as Inspection);
    assert.deepEqual(report.findings, []);
    assert.ok(
      report.checks.some(
        (check) =>
          check.code === "EBG-V-CONFIGMAP" &&
          check.subject === "blue/web" &&
          check.status === "passed" &&
          check.figures?.["endpoints"] === 2,
      ),
    );
  });
  it("has nothing to say when all is well", () => {
    const report = verify(good() as Inspection);
    assert.deepEqual(report.findings, []);
    assert.equal(report.verdict, "good");
    // Every check of the catalogue was made, none silently left out; those of other people's workloads and of weights
    // have tests of their own.
    assert.deepEqual(
      Object.keys(catalog).filter(
        (code) =>
          !/^EBG-V-(EXTERNAL|WEIGHTS|CREDENTIALS)/.test(code) &&
          !report.checks.some((check) => check.code === code && check.status === "passed"),
      ),
      [],
    );
    assert.deepEqual(
      report.traffic.map((row) => [row.member, row.healthy, row.answers]),
      [
        ["blue", 2, 491],
        ["green", 2, 509],
      ],
    );
  });

  type Case = readonly [
    name: string,
    change: (open: Open) => void,
    code: VerifyCode,
    status: "failed" | "unknown" | "skipped",
    subject: string,
    verdict: "good" | "findings" | "unknown",
    said: RegExp,
  ];
  const cases: readonly Case[] = [
    [
      "a dead API server",
      (o) =>
        Object.assign(o.observation.members["blue"]!, {
          reachable: false,
          problem: "connection refused",
          services: {},
          controller: null,
        }),
      "EBG-V-API",
      "failed",
      "blue",
      "findings",
      /refused/,
    ],
    [
      "a stack without outputs",
      (o) => {
        delete (o.observation.members as Record<string, unknown>)["blue"];
      },
      "EBG-V-API",
      "unknown",
      "blue",
      "unknown",
      /no outputs/,
    ],
    [
      "an old CRD",
      (o) => {
        value(o.members["blue"]!.crds)[0]!.hasField = false;
      },
      "EBG-V-CRD-FIELD",
      "failed",
      "blue",
      "findings",
      /v1beta1 has no spec\.multiClusterTargetGroup/,
    ],
    [
      "no CRD at all",
      (o) => {
        o.members["blue"]!.crds = seen([]);
      },
      "EBG-V-CRD-FIELD",
      "failed",
      "blue",
      "findings",
      /no CRD/,
    ],
    [
      "a CRD that may not be read",
      (o) => {
        o.members["blue"]!.crds = { kind: "unknown", why: "403" };
      },
      "EBG-V-CRD-FIELD",
      "unknown",
      "blue",
      "unknown",
      /403/,
    ],
    [
      "a controller that does not run",
      (o) => {
        o.observation.members["blue"]!.controller = {
          available: false,
          version: "3.5.0",
          message: "0 of 2 pods ready",
        };
      },
      "EBG-V-CONTROLLER",
      "failed",
      "blue",
      "findings",
      /0 of 2/,
    ],
    [
      "a controller without multi-cluster mode",
      (o) => {
        o.observation.members["blue"]!.controller!.version = "2.9.2";
      },
      "EBG-V-CONTROLLER-VERSION",
      "failed",
      "blue",
      "findings",
      /2\.9\.2/,
    ],
    [
      "an older controller",
      (o) => {
        o.observation.members["blue"]!.controller!.version = "3.4.1";
      },
      "EBG-V-CONTROLLER-VERSION",
      "failed",
      "blue",
      "good",
      /older than 3\.5\.0/,
    ],
    [
      "an active member without a binding",
      (o) => {
        serviceOf(o).bindings = [];
      },
      "EBG-V-BINDING",
      "failed",
      "blue/web",
      "findings",
      /no TargetGroupBinding/,
    ],
    [
      "a standby with a binding",
      (o) => {
        o.placement["blue"]!.role = "standby";
      },
      "EBG-V-BINDING",
      "failed",
      "blue/web",
      "findings",
      /standby, but web\/web/,
    ],
    [
      "a standby with targets",
      (o) => {
        o.placement["blue"]!.role = "standby";
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /standby, but 10\.42\.1\.1/,
    ],
    [
      "a move that is open",
      (o) => {
        o.moving = "blue";
        serviceOf(o).bindings = [];
      },
      "EBG-V-BINDING",
      "skipped",
      "blue/web",
      "good",
      /under way/,
    ],
    [
      "the flag off on one side",
      (o) => {
        serviceOf(o).bindings[0]!.multiCluster = false;
      },
      "EBG-V-FLAG",
      "failed",
      "blue/web",
      "findings",
      /without multiClusterTargetGroup/,
    ],
    [
      "a ConfigMap deleted by hand",
      (o) => {
        serviceOf(o).recorded = null;
      },
      "EBG-V-CONFIGMAP",
      "failed",
      "blue/web",
      "findings",
      /no ConfigMap web\/aws-lbc-targets-web/,
    ],
    [
      "an endpoint that the ConfigMap lacks",
      (o) => {
        serviceOf(o).recorded = ["10.42.1.1:8080"];
      },
      "EBG-V-CONFIGMAP",
      "failed",
      "blue/web",
      "findings",
      /lacks 10\.42\.1\.2:8080/,
    ],
    [
      "a ConfigMap with a foreign target",
      (o) => {
        serviceOf(o).recorded!.push("10.42.2.1:8080");
      },
      "EBG-V-CONFIGMAP",
      "failed",
      "blue/web",
      "findings",
      /lists 10\.42\.2\.1:8080, which/,
    ],
    [
      "a target that is unhealthy",
      (o) => {
        Object.assign(o.observation.groups["web"]![0]!, { state: "unhealthy", reason: "Target.Timeout" });
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /1 of 2 healthy; 10\.42\.1\.1:8080 unhealthy \(Target\.Timeout\)/,
    ],
    [
      "an endpoint that is not registered",
      (o) => {
        o.observation.groups["web"]!.shift();
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /not registered: 10\.42\.1\.1/,
    ],
    [
      "a target taken out behind its controller's back",
      (o) => {
        o.observation.groups["web"]!.shift();
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /in the controller's list, so they were taken out behind its back/,
    ],
    [
      "an endpoint that the controller does not know yet",
      (o) => {
        o.observation.groups["web"]!.shift();
        serviceOf(o).recorded = ["10.42.1.2:8080"];
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /not registered: 10\.42\.1\.1:8080$/,
    ],
    [
      "replicas changed by hand",
      (o) => {
        workloadOf(o).replicas = 5;
      },
      "EBG-V-REPLICAS-DRIFT",
      "failed",
      "blue/web",
      "good",
      /^5, and the config and the record say 2$/,
    ],
    [
      "a tag taken away",
      (o) => {
        value(o.tags)[groupArn] = {};
      },
      "EBG-V-TAGS",
      "failed",
      "targetgroup/dev-web",
      "good",
      /its tag eks-blue-green\/environment is gone/,
    ],
    [
      "another environment's tag",
      (o) => {
        value(o.tags)[balancerArn] = { "eks-blue-green/environment": "prod" };
      },
      "EBG-V-TAGS",
      "failed",
      "loadbalancer/net/dev",
      "good",
      /is 'prod'/,
    ],
    [
      "a controller's tag on what the stack owns",
      (o) => Object.assign(value(o.tags)[groupArn]!, { "elbv2.k8s.aws/cluster": "dev-blue" }),
      "EBG-V-TAGS",
      "failed",
      "targetgroup/dev-web",
      "findings",
      /elbv2\.k8s\.aws\/cluster=dev-blue, though this stack owns it/,
    ],
    [
      "tags that may not be read",
      (o) => {
        o.tags = { kind: "unknown", why: "AccessDenied" };
      },
      "EBG-V-TAGS",
      "unknown",
      "dev",
      "good",
      /AccessDenied/,
    ],
    [
      "AWS that does not tell",
      (o) => {
        o.observation.groups["web"] = null;
      },
      "EBG-V-TARGETS",
      "unknown",
      "blue/web",
      "unknown",
      /did not tell/,
    ],
    [
      "a target of nobody's",
      (o) => {
        o.observation.groups["web"]!.push({ id: "10.42.9.9:8080", state: "healthy", reason: null, description: null });
      },
      "EBG-V-STRAY-TARGETS",
      "failed",
      "web",
      "findings",
      /10\.42\.9\.9/,
    ],
    [
      "failed requests",
      (o) =>
        Object.assign(sampleOf(o), { failed: 3, firstFailure: "read ECONNRESET", byName: { blue: 490, green: 507 } }),
      "EBG-V-REQUESTS",
      "failed",
      "web",
      "findings",
      /3 of 1000 requests.*ECONNRESET/,
    ],
    [
      "a member that never answers",
      (o) => {
        sampleOf(o).byName = { green: 1000 };
      },
      "EBG-V-REACH",
      "failed",
      "web",
      "findings",
      /blue answered none of 1000/,
    ],
    [
      "an uneven spread",
      (o) => {
        sampleOf(o).byName = { blue: 400, green: 600 };
      },
      "EBG-V-SPREAD",
      "failed",
      "web",
      "good",
      /chi-square 40 .*p = 2\.5\de-10, alpha = 0\.001/,
    ],
    [
      "answers that don't tell",
      (o) => Object.assign(sampleOf(o), { byName: {}, unnamed: 1000 }),
      "EBG-V-SPREAD",
      "unknown",
      "web",
      "unknown",
      /don't tell/,
    ],
    [
      "some answers that don't tell",
      (o) => Object.assign(sampleOf(o), { byName: { blue: 500 }, unnamed: 500 }),
      "EBG-V-REACH",
      "unknown",
      "web",
      "unknown",
      /500 of 1000 answers/,
    ],
    [
      "names that are no members'",
      (o) => {
        sampleOf(o).byName = { blue: 500, nginx: 500 };
      },
      "EBG-V-SPREAD",
      "unknown",
      "web",
      "unknown",
      /nginx/,
    ],
    [
      "too few requests",
      (o) => Object.assign(sampleOf(o), { sent: 8, byName: { blue: 4, green: 4 } }),
      "EBG-V-SPREAD",
      "unknown",
      "web",
      "good",
      /too few/,
    ],
    [
      "cross-zone off",
      (o) => {
        balancerOf(o).attributes["load_balancing.cross_zone.enabled"] = "false";
      },
      "EBG-V-SPREAD",
      "unknown",
      "web",
      "good",
      /cross-zone/,
    ],
    [
      "source-IP stickiness",
      (o) => {
        groupOf(o).attributes["stickiness.enabled"] = "true";
      },
      "EBG-V-SPREAD",
      "unknown",
      "web",
      "good",
      /stickiness/,
    ],
    [
      "no requests wanted",
      (o) => {
        o.samples["web"] = { kind: "unknown", why: "no requests were asked for" };
      },
      "EBG-V-REQUESTS",
      "unknown",
      "web",
      "unknown",
      /asked for/,
    ],
    [
      "one member with all targets",
      (o) => {
        o.observation.groups["web"] = o.observation.groups["web"]!.slice(2);
        sampleOf(o).byName = { green: 1000 };
      },
      "EBG-V-SPREAD",
      "skipped",
      "web",
      "findings",
      /one member has all/,
    ],
    [
      "deletion protection off",
      (o) => {
        balancerOf(o).attributes["deletion_protection.enabled"] = "false";
      },
      "EBG-V-DELETION-PROTECTION",
      "failed",
      "dev",
      "findings",
      /not true/,
    ],
    [
      "two bindings of one group",
      (o) => {
        serviceOf(o).bindings.push({
          namespace: "web",
          name: "another",
          targetGroupArn: "tg",
          multiCluster: true,
          deleting: false,
        });
      },
      "EBG-V-BINDING",
      "failed",
      "blue/web",
      "findings",
      /web\/web, web\/another/,
    ],
    [
      "protection in AWS alone",
      (o) => {
        lbServiceOf(o).annotations = { [attributes]: "load_balancing.cross_zone.enabled=true" };
      },
      "EBG-V-PROTECTION-ANNOTATION",
      "failed",
      "blue/web/web-lb",
      "findings",
      /cross_zone.enabled=true'\)/,
    ],
    [
      "protection switched off in the annotation",
      (o) => {
        lbServiceOf(o).annotations = { [attributes]: "deletion_protection.enabled=false" };
      },
      "EBG-V-PROTECTION-ANNOTATION",
      "failed",
      "blue/web/web-lb",
      "findings",
      /enabled=false/,
    ],
    [
      "the owning Service gone",
      (o) => {
        lbServiceOf(o).annotations = null;
      },
      "EBG-V-PROTECTION-ANNOTATION",
      "failed",
      "blue/web/web-lb",
      "findings",
      /no such Service/,
    ],
    [
      "the primary's Service unreadable",
      (o) => {
        o.loadBalancerServices["web/web-lb"] = { kind: "unknown", why: "refused" };
      },
      "EBG-V-PROTECTION-ANNOTATION",
      "unknown",
      "web/web-lb",
      "unknown",
      /refused/,
    ],
    [
      "no Service owns a load balancer",
      (o) => {
        o.loadBalancerServices = {};
      },
      "EBG-V-PROTECTION-ANNOTATION",
      "skipped",
      "dev",
      "good",
      /no Service/,
    ],
    [
      "an instance that the ConfigMap lacks",
      (o) => {
        byNode(o);
        serviceOf(o).recorded = ["i-1:30080"];
      },
      "EBG-V-CONFIGMAP",
      "failed",
      "blue/web",
      "findings",
      /lacks i-2:30080/,
    ],
    [
      "an instance in the ConfigMap that takes no traffic",
      (o) => {
        byNode(o);
        serviceOf(o).recorded!.push("i-3:30080");
      },
      "EBG-V-CONFIGMAP",
      "failed",
      "blue/web",
      "findings",
      /i-3:30080, which no ready node has/,
    ],
    [
      "an instance that is not registered",
      (o) => {
        byNode(o);
        o.observation.groups["web"]!.splice(1, 1);
      },
      "EBG-V-TARGETS",
      "failed",
      "blue/web",
      "findings",
      /not registered: i-2:30080/,
    ],
    [
      "no egress to the pods",
      (o) => {
        rulesOf(o).shift();
      },
      "EBG-V-SG-EGRESS",
      "failed",
      "blue/web",
      "findings",
      /sg-lb lets the load balancer out to 10\.42\.1\.1 port 8080 \(service\)/,
    ],
    [
      "no ingress at the pods",
      (o) => {
        rulesOf(o).splice(1, 1);
      },
      "EBG-V-SG-INGRESS",
      "failed",
      "blue/web",
      "findings",
      /sg-blue lets the load balancer in/,
    ],
    [
      "a rule for another port",
      (o) => Object.assign(rulesOf(o)[1]!, { fromPort: 9090, toPort: 9090 }),
      "EBG-V-SG-INGRESS",
      "failed",
      "blue/web",
      "findings",
      /8080/,
    ],
    [
      "a rule for UDP",
      (o) => Object.assign(rulesOf(o)[1]!, { protocol: "udp" }),
      "EBG-V-SG-INGRESS",
      "failed",
      "blue/web",
      "findings",
      /8080/,
    ],
    [
      "a health-check port that is shut",
      (o) => {
        groupOf(o).healthCheckPort = 9000;
      },
      "EBG-V-SG-INGRESS",
      "failed",
      "blue/web",
      "findings",
      /port 9000 \(health check\)/,
    ],
    [
      "an egress block beside the pods",
      (o) => Object.assign(rulesOf(o)[0]!, { cidr: "10.43.0.0/16" }),
      "EBG-V-SG-EGRESS",
      "failed",
      "blue/web",
      "findings",
      /out to/,
    ],
    [
      "rules that may not be read",
      (o) => {
        o.rules = { kind: "unknown", why: "UnauthorizedOperation" };
      },
      "EBG-V-SG-INGRESS",
      "unknown",
      "blue/web",
      "unknown",
      /Unauthorized/,
    ],
    [
      "a pod without an interface",
      (o) => {
        delete value(o.interfaces)["10.42.1.1:8080"];
      },
      "EBG-V-SG-EGRESS",
      "unknown",
      "blue/web",
      "unknown",
      /no network interface of 10\.42\.1\.1/,
    ],
    [
      "one replica",
      (o) => {
        workloadOf(o).replicas = 1;
      },
      "EBG-V-REPLICAS",
      "failed",
      "blue/web",
      "findings",
      /1 replica/,
    ],
    [
      "no readiness probe",
      (o) => {
        workloadOf(o).containers[0]!.readinessProbe = false;
      },
      "EBG-V-READINESS-PROBE",
      "failed",
      "blue/web",
      "findings",
      /readiness probe/,
    ],
    [
      "no preStop",
      (o) => {
        workloadOf(o).containers[0]!.preStop = null;
      },
      "EBG-V-PRESTOP",
      "failed",
      "blue/web",
      "findings",
      /no container/,
    ],
    [
      "a preStop of ten seconds",
      (o) => {
        workloadOf(o).containers[0]!.preStop!.seconds = 10;
      },
      "EBG-V-PRESTOP",
      "failed",
      "blue/web",
      "findings",
      /10 s is shorter than .*180 s/,
    ],
    [
      "a preStop that an Application Load Balancer outlasts",
      (o) => {
        behindApplication(o, 80);
      },
      "EBG-V-PRESTOP",
      "failed",
      "blue/web",
      "findings",
      /80 s is shorter than .*90 s/,
    ],
    [
      "a preStop script",
      (o) => {
        workloadOf(o).containers[0]!.preStop = { how: "exec", seconds: null };
      },
      "EBG-V-PRESTOP",
      "unknown",
      "blue/web",
      "unknown",
      /can't be told/,
    ],
    [
      "a grace period that ends with preStop",
      (o) => {
        workloadOf(o).terminationGraceSeconds = 200;
      },
      "EBG-V-GRACE",
      "failed",
      "blue/web",
      "findings",
      /200 is not longer than preStop 200 s/,
    ],
    [
      "no budget",
      (o) => {
        workloadOf(o).disruptionBudgets = [];
      },
      "EBG-V-PDB",
      "failed",
      "blue/web",
      "good",
      /No|no PodDisruptionBudget/,
    ],
    [
      "a budget that blocks",
      (o) => {
        workloadOf(o).disruptionBudgets = [{ name: "web", minAvailable: "2", maxUnavailable: null }];
      },
      "EBG-V-PDB",
      "failed",
      "blue/web",
      "good",
      /no pod to go/,
    ],
    [
      "a budget that allows all",
      (o) => {
        workloadOf(o).disruptionBudgets = [{ name: "web", minAvailable: null, maxUnavailable: "100%" }];
      },
      "EBG-V-PDB",
      "failed",
      "blue/web",
      "good",
      /all pods go/,
    ],
    [
      "pods that are not spread",
      (o) => {
        workloadOf(o).spreadOver = [];
      },
      "EBG-V-TOPOLOGY",
      "failed",
      "blue/web",
      "good",
      /neither/,
    ],
    [
      "a delay longer than the grace period",
      (o) => {
        groupOf(o).attributes["deregistration_delay.timeout_seconds"] = "300";
      },
      "EBG-V-DEREGISTRATION-DELAY",
      "failed",
      "blue/web",
      "good",
      /300 s, but the pod is killed after 260 s/,
    ],
    [
      "a delay of zero",
      (o) => {
        groupOf(o).attributes["deregistration_delay.timeout_seconds"] = "0";
      },
      "EBG-V-DEREGISTRATION-DELAY",
      "failed",
      "blue/web",
      "good",
      /shorter/,
    ],
    [
      "pods older than the binding",
      (o) => workloadOf(o).pods.forEach((pod) => Object.assign(pod, { createdAt: 0, readinessGates: [] })),
      "EBG-V-READINESS-GATES",
      "failed",
      "blue/web",
      "good",
      /2 of 2 pods are older/,
    ],
    [
      "new pods without a gate",
      (o) => workloadOf(o).pods.forEach((pod) => (pod.readinessGates = [])),
      "EBG-V-READINESS-GATES",
      "failed",
      "blue/web",
      "findings",
      /webhook did not answer/,
    ],
    [
      "a namespace without the label",
      (o) => {
        workloadOf(o).injectsReadinessGates = false;
      },
      "EBG-V-READINESS-GATES",
      "failed",
      "blue/web",
      "good",
      /no label/,
    ],
    [
      "instance targets",
      (o) => {
        groupOf(o).targetType = "instance";
      },
      "EBG-V-READINESS-GATES",
      "skipped",
      "blue/web",
      "good",
      /nodes/,
    ],
  ];
  for (const [name, change, code, status, subject, verdict, said] of cases) {
    it(`${name}: ${code} ${status}`, () => {
      const open = good();
      change(open);
      const report = verify(open as Inspection);
      const found = report.checks.find(
        (check) => check.code === code && check.subject === subject && check.status === status,
      );
      assert.ok(
        found,
        JSON.stringify(
          report.checks.filter((check) => check.code === code),
          null,
          1,
        ),
      );
      assert.match(found.message, said);
      assert.equal(
        report.verdict,
        verdict,
        JSON.stringify(report.findings.map((finding) => [finding.code, finding.status, finding.severity])),
      );
      if (status !== "skipped") {
        assert.ok(found.remedy, "a finding has a remedy");
        const text = verifyLines(report).join("\n");
        assert.ok(
          text.includes(found.message) && text.includes(found.remedy ?? "") && text.includes(found.meaning),
          text,
        );
      }
    });
  }

  it("no check is no proof", () => assert.equal(verdictOf([]), "unknown"));
  it("has exit codes", () =>
    assert.deepEqual((["good", "findings", "unknown"] as const).map(exitCodeOfVerdict), [0, 9, 10]));
  it("has all its codes in docs/reference/verify.md", () => {
    const docs = readFileSync(join(__dirname, "../../../docs/reference/verify.md"), "utf8");
    assert.deepEqual(
      Object.keys(catalog).filter((code) => !docs.includes(`\`${code}\``)),
      [],
    );
  });
});

describe("readings", () => {
  for (const [command, seconds] of [
    [["sleep", "200"], 200],
    [["/bin/sleep", "30s"], 30],
    [["/bin/sh", "-c", "sleep 15"], 15],
    [["sh", "-c", "nginx -s quit; sleep 5"], null],
    [["wait-for", "sleep 9"], null],
  ] as const) {
    it(`preStop ${command.join(" ")}: ${seconds ?? "nobody can tell"}`, () =>
      assert.deepEqual(preStopOf({ exec: { command } }), { how: "exec", seconds }));
  }
  it("Kubernetes' own sleep", () =>
    assert.deepEqual(preStopOf({ sleep: { seconds: 7 } }), { how: "sleep", seconds: 7 }));
  for (const [selector, selected] of [
    [{ matchLabels: { app: "web" } }, true],
    [{ matchLabels: { app: "api" } }, false],
    [{}, true],
    [undefined, false],
    [{ matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
    [{ matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "Nonsense" }] }, false],
  ] as const) {
    it(`selector ${JSON.stringify(selector) ?? "none"}: ${selected}`, () =>
      assert.equal(selects(selector, { app: "web" }), selected));
  }
  it("a name comes from the header, else from the body, else from nowhere", () => {
    assert.equal(nameIn("blue", "{}"), "blue");
    assert.equal(nameIn(undefined, '{"member":"green"}'), "green");
    for (const body of ["<html>", "null", '{"member":7}', "[]"]) assert.equal(nameIn(undefined, body), null);
  });
});

describe("verify with weighted traffic", () => {
  /** Groups of each member's own, green with a tenth of the requests. */
  function weighted(): Open {
    const o = good();
    const groups = ownGroups(["web"], ["blue", "green", "red"]);
    const own = { ...o, placement: { ...o.placement } };
    own.placement["blue"] = { ...own.placement["blue"], share: 90 } as Open["placement"][string];
    own.placement["green"] = { ...own.placement["green"], share: 10 } as Open["placement"][string];
    const healthy = (ids: readonly string[]) =>
      ids.map((id) => ({ id, state: "healthy" as const, reason: null, description: null }));
    own.observation = {
      ...o.observation,
      groupOf: groups as Open["observation"]["groupOf"],
      groups: { "web@blue": healthy(pods.blue), "web@green": healthy(pods.green), "web@red": [] },
      weights: { web: { "web@blue": 90, "web@green": 10, "web@red": 0 } },
    };
    for (const name of ["blue", "green"]) {
      const member = own.observation.members[name];
      if (member !== undefined) member.services = { [`web@${name}`]: member.services["web"]! };
    }
    const web = o.environment.loadBalancer.services["web"]!;
    own.environment.loadBalancer.services = Object.fromEntries(
      Object.values(groups).map(({ key, member }) => [key, { ...web, name: key, portKey: "web", member }]),
    );
    own.targetGroups = Object.fromEntries(Object.keys(groups).map((key) => [key, o.targetGroups["web"]!]));
    own.samples = { web: seen({ ...sampleOf(o), byName: { blue: 905, green: 95 } }) };
    return own;
  }
  const statusOf = (o: Open, code: VerifyCode): string[] =>
    verify(o as unknown as Inspection)
      .checks.filter((check) => check.code === code)
      .map(({ status, subject, message }) => `${status} ${subject}: ${message}`);

  it("expects answers by weight, port by port, and no target of a member in another's group", () => {
    const o = weighted();
    const report = verify(o as unknown as Inspection);
    assert.deepEqual(
      report.checks.filter(({ status }) => status === "failed" || status === "unknown"),
      [],
    );
    assert.deepEqual(statusOf(o, "EBG-V-WEIGHTS"), ["passed dev: blue 90, green 10, in every rule and listener"]);
    assert.match(statusOf(o, "EBG-V-SPREAD")[0] ?? "", /^passed web: blue 905 \(90\.5 %; weight 90 of 100: 90\.0 %\)/);
    assert.deepEqual(
      report.traffic.map(({ group, member, answers }) => [group, member, answers]),
      [
        ["web@blue", "blue", 905],
        ["web@green", "green", 95],
      ],
    );
  });

  it("finds answers that do not follow the weights, and members that get what they should not", () => {
    const uneven = weighted();
    sampleOf(uneven).byName = { blue: 700, green: 300 };
    assert.match(statusOf(uneven, "EBG-V-SPREAD")[0] ?? "", /^failed web/);
    const silent = weighted();
    sampleOf(silent).byName = { blue: 1000 };
    assert.match(
      statusOf(silent, "EBG-V-REACH")[0] ?? "",
      /^failed web: green answered none of 1000 .*weight 10 of 100/,
    );
    const emptied = weighted();
    emptied.placement["green"] = { ...emptied.placement["green"], share: 0 } as Open["placement"][string];
    assert.match(statusOf(emptied, "EBG-V-REACH")[0] ?? "", /^failed web: green answered, but has weight 0 of 90/);
  });

  it("can't tell a member with a tiny weight from chance", () => {
    const o = weighted();
    o.placement["green"] = { ...o.placement["green"], share: 1 } as Open["placement"][string];
    Object.assign(sampleOf(o), { sent: 200, byName: { blue: 200 } });
    assert.match(statusOf(o, "EBG-V-REACH")[0] ?? "", /^unknown web: .*may be chance/);
  });

  it("needs the weights of the record in every route, and says when AWS does not tell them", () => {
    const wrong = weighted();
    wrong.wrongWeights = ["'web' has blue 50, green 50, red 0 instead of blue 90, green 10, red 0"];
    assert.match(statusOf(wrong, "EBG-V-WEIGHTS")[0] ?? "", /^failed dev: 'web' has blue 50/);
    const untold = weighted();
    untold.observation = { ...untold.observation, weights: null, problems: ["Throttling"] };
    assert.deepEqual(statusOf(untold, "EBG-V-WEIGHTS"), ["unknown dev: AWS did not tell them: Throttling"]);
    assert.deepEqual(statusOf(good(), "EBG-V-WEIGHTS"), []);
  });
});
