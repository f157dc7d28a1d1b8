import assert from "node:assert/strict";
import { judgeProof } from "../../../automation/adapters/kubernetes/controller-proof";
import type { DriverEventBody } from "../../../automation/events";
import type { ControllerProof } from "../../../automation/ports";
import { proofTargetOf, proveController } from "../../../automation/rollout/prove-controller";
import type { Session } from "../../../automation/rollout/session";
import type { MemberOutputs } from "../../../stacks/contract";

const group = { namespace: "web", targetGroupArn: "arn:tg" };
const refused: ControllerProof = { kind: "refused", message: "AccessDenied: no credentials" };
const proven: ControllerProof = { kind: "proven" };

/** A member whose controller proves what `answer` says, by time in seconds and number of restarts. */
function run(answer: (at: number, restarts: number) => ControllerProof, roleName: string | null = "blue-role") {
  const events: DriverEventBody[] = [];
  const restarts: string[] = [];
  let now = 0;
  const member = {
    member: "blue",
    clusterName: "dev-blue",
    controller: { namespace: "kube-system", deployment: "lbc", version: "3.5.0", roleName },
    services: { web: group },
  } as unknown as MemberOutputs;
  const session = {
    members: { blue: member },
    record: { revision: 7 },
    options: {
      emit: (event: DriverEventBody) => events.push(event),
      stop: new AbortController().signal,
      commandName: "up",
    },
    ports: {
      clock: {
        now: () => now,
        wall: () => now,
        scaled: (seconds: number) => seconds * 1000,
        sleep: async (ms: number) => void (now += ms),
      },
      kubernetes: {
        proveController: async () => answer(now / 1000, restarts.length),
        restartController: async (_: MemberOutputs, token: string) => void restarts.push(token),
      },
    },
  } as unknown as Session;
  const texts = () => events.map((event) => ("message" in event ? event.message : "")).join("\n");
  return { result: proveController(session, 2, "blue"), restarts, events, texts };
}

describe("the proof that a controller can call AWS", () => {
  it("is made where somebody else's namespace need not be there yet", () => {
    const controller = { namespace: "kube-system", deployment: "lbc", version: "3.5.0" };
    const of = (services: object): unknown =>
      proofTargetOf({ controller, services } as unknown as Parameters<typeof proofTargetOf>[0])?.namespace;
    const theirs = { ...group, namespace: "shop", workload: "external" };
    assert.equal(of({ shop: theirs }), "kube-system");
    assert.equal(of({ shop: theirs, web: group }), "web");
    assert.equal(of({ shop: { ...theirs, targetGroupArn: null } }), undefined);
  });
  it("is enough when it comes at once", async () => {
    const { result, restarts, events } = run(() => proven);
    await result;
    assert.deepEqual([restarts, events.map((event) => event.kind === "gate" && event.status)], [[], ["passed"]]);
  });
  it("may take its time: an association spreads", async () => {
    const { result, restarts } = run((at) => (at < 40 ? refused : proven));
    await result;
    assert.deepEqual(restarts, []);
  });
  it("comes after one restart when the pods were made without credentials, and that is said", async () => {
    const { result, restarts, texts } = run((_, done) => (done === 0 ? refused : proven));
    await result;
    assert.deepEqual(restarts, ["7-2-proof"]);
    assert.match(texts(), /can't call AWS \(AccessDenied.*it is restarted once/);
  });
  it("fails the gate when a restart did not help, and restarts no second time", async () => {
    const { result, restarts } = run(() => refused);
    await assert.rejects(result, /though it was restarted: AccessDenied/);
    assert.equal(restarts.length, 1);
  });
  it("waits for a webhook that does not answer yet", async () => {
    const { result, restarts } = run((at) => (at < 30 ? { kind: "unanswered", message: "x509" } : proven));
    await result;
    assert.deepEqual(restarts, []);
  });
  it("restarts no controller that the cluster brought along", async () => {
    const { result, restarts } = run(() => refused, null);
    await assert.rejects(result, /it can't: AccessDenied/);
    assert.deepEqual(restarts, []);
  });
  it("is not held against the member when the caller may not try; that is said", async () => {
    const { result, texts } = run(() => ({ kind: "not-permitted", message: "403 forbidden" }));
    await result;
    assert.match(texts(), /was not tried: 403 forbidden/);
  });
  it("fails at once, with the way out, when the cluster's definition is older than the controller", async () => {
    const { result, restarts } = run(() => ({ kind: "old-definition", message: "unknown field" }));
    await assert.rejects(result, { remedy: /kubectl apply -k/ });
    assert.deepEqual(restarts, []);
  });
  it("needs a target group, which a primary's members have none of before its load balancer", () => {
    assert.deepEqual(proofTargetOf({ services: { web: group } } as never), group);
    assert.equal(proofTargetOf({ services: { web: { ...group, targetGroupArn: null } } } as never), null);
  });
});

describe("what API server and webhooks say of a binding that is tried out", () => {
  const denied = (webhook: string, why: string) => `admission webhook "${webhook}" denied the request: ${why}`;
  const cases: readonly (readonly [string, number, string, ControllerProof["kind"]])[] = [
    ["a dry run that went through", 201, "", "proven"],
    [
      "no permission on the target group",
      403,
      denied("mtargetgroupbinding.elbv2.k8s.aws", "StatusCode: 403, AccessDenied"),
      "refused",
    ],
    [
      "no credentials",
      403,
      denied("mtargetgroupbinding.elbv2.k8s.aws", "failed to refresh cached credentials"),
      "refused",
    ],
    [
      "asked AWS, and then minds another binding",
      403,
      denied("vtargetgroupbinding.elbv2.k8s.aws", "TargetGroup is already bound"),
      "proven",
    ],
    [
      "asked AWS, and then an organisation's own policy minds something else",
      403,
      denied("validate.kyverno.svc-fail", "a binding that exists for hosts needs the label team in all requests"),
      "proven",
    ],
    ["may not try", 403, "targetgroupbindings.elbv2.k8s.aws is forbidden: User x cannot create", "not-permitted"],
    [
      "a webhook without a valid certificate",
      500,
      "failed calling webhook: x509: certificate signed by unknown authority",
      "unanswered",
    ],
    ["no such kind yet", 404, "the server could not find the requested resource", "unanswered"],
    [
      "an older definition",
      400,
      'strict decoding error: unknown field "spec.multiClusterTargetGroup"',
      "old-definition",
    ],
  ];
  for (const [name, status, message, kind] of cases)
    it(`${name}: ${kind}`, () => assert.equal(judgeProof(status, message).kind, kind));
});
