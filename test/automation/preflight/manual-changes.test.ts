import assert from "node:assert/strict";
import { sharedGroups } from "../group-refs";
import { driftFindings, replicasWanted } from "../../../automation/preflight/manual-changes";
import type { Observation } from "../../../automation/observation/observe";
import type { EnvironmentConfig } from "../../../stacks/config";
import { initialRecord, type EnvironmentRecord, type Step } from "../../../stacks/record";

const ids = ["10.42.1.1:8080", "10.42.1.2:8080", "10.42.1.3:8080"];
const config = (more: object = {}): EnvironmentConfig =>
  ({
    services: [{ name: "web", namespace: "web", port: 80, targetPort: 8080, replicas: 3, autoscaled: false, ...more }],
  }) as unknown as EnvironmentConfig;
const record = initialRecord({ members: ["blue"], kubernetesVersion: "1.34", rollout: { strategy: "replace" } });
const placed = (more: object): EnvironmentRecord => ({
  ...record,
  placement: { blue: { ...record.placement["blue"]!, ...more } },
});
const scale: Step = {
  type: "move",
  kind: "scale",
  member: "blue",
  from: record.placement["blue"]!,
  to: { ...record.placement["blue"]!, workload: "stopped" },
};
function seen(wanted: number, targets: readonly string[] = ids, sick: readonly string[] = []): Observation {
  const service = {
    declaredBinding: "web",
    bindings: [{ namespace: "web", name: "web", targetGroupArn: "arn", multiCluster: true, deleting: false }],
    recorded: ids,
    endpoints: ids,
    deployment: { wanted, ready: wanted, available: true },
    pods: wanted,
  };
  return {
    at: 0,
    probes: {},
    alarms: null,
    problems: [],
    groupOf: sharedGroups("web"),
    groups: {
      web: targets.map((id) => ({
        id,
        state: sick.includes(id) ? ("unhealthy" as const) : ("healthy" as const),
        reason: sick.includes(id) ? "Target.Timeout" : null,
        description: null,
      })),
    },
    members: {
      blue: {
        name: "blue",
        clusterName: "dev-blue",
        reachable: true,
        problem: "",
        nodes: null,
        controller: null,
        services: { web: service },
      },
    },
  };
}
const around = (more: object = {}) => ({
  environment: "dev",
  config: config(),
  steps: [scale],
  deployed: ["blue"],
  ...more,
});

describe("drift, in the preflight", () => {
  it("has nothing to say when all is as declared", () =>
    assert.deepEqual(driftFindings(seen(3), record, around()), []));

  it(
    "replicas that somebody changed stop a rollout that will scale them, before it begins, and say how to take " +
      "them back",
    () => {
      const [finding, ...rest] = driftFindings(seen(5), record, around());
      assert.deepEqual(rest, []);
      assert.equal(finding?.code, "EBG-DRIFT");
      assert.equal(finding?.severity, "required");
      assert.match(finding?.message ?? "", /^web on blue has 5 replicas, and the config and the record say 3/);
      assert.equal(
        finding?.remedy,
        "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh --stack dev-blue && pulumi up --stack dev-blue",
      );
    },
  );

  const severities: readonly [string, EnvironmentRecord, object, string | undefined][] = [
    ["are advice when nothing will scale them", record, { steps: [] }, "recommended"],
    [
      "are advice in the middle of a rollout",
      { ...record, rollout: {} as EnvironmentRecord["rollout"] },
      {},
      "recommended",
    ],
    [
      "are nobody's doing while the member's own move is open",
      { ...record, intent: { move: scale } as unknown as EnvironmentRecord["intent"] },
      {},
      undefined,
    ],
    ["are not judged while the stack has changes that were never deployed", record, { deployed: [] }, undefined],
    ["are an autoscaler's", record, { config: config({ autoscaled: true }) }, undefined],
    ["are right at the size that the record has", placed({ capacityPercent: 150 }), {}, undefined],
  ];
  for (const [what, of, more, severity] of severities)
    it(`replicas ${what}`, () => assert.equal(driftFindings(seen(5), of, around(more))[0]?.severity, severity));

  it("wants none of a workload that was stopped", () =>
    assert.deepEqual(replicasWanted(config(), placed({ workload: "stopped" }), "blue"), { web: 0 }));

  it(
    "names targets that were taken out, with the command that makes the controller look again, and lets the gates " +
      "do it",
    () => {
      const [finding, ...rest] = driftFindings(seen(3, ids.slice(0, 2)), record, around());
      assert.deepEqual(rest, []);
      assert.equal(finding?.severity, "recommended");
      assert.match(
        finding?.message ?? "",
        /1 targets of blue are ready and in its controller's list, but not registered in 'web': 10\.42\.1\.3:8080/,
      );
      assert.equal(
        finding?.remedy,
        "kubectl --context dev-blue -n web annotate targetgroupbinding web elbv2.k8s.aws/checkpoint-",
      );
    },
  );

  it("names sick targets of members in traffic, and nothing of a standby", () => {
    const [finding] = driftFindings(seen(3, ids, [ids[0]!]), record, around());
    assert.match(finding?.message ?? "", /1 targets of blue are unhealthy in 'web': Target\.Timeout/);
    assert.match(finding?.remedy ?? "", /eks-blue-green verify --stack dev/);
    assert.deepEqual(driftFindings(seen(3, ids.slice(0, 2), [ids[0]!]), placed({ role: "standby" }), around()), []);
  });

  it("names what somebody deleted: required before a rollout begins, advice in its middle, where the gates judge", () => {
    const observation = seen(3);
    const { blue } = observation.members;
    const gone: Observation = {
      ...observation,
      members: { blue: { ...blue!, services: { web: { ...blue!.services["web"]!, bindings: [], deployment: null } } } },
    };
    const lost = (of: EnvironmentRecord, more: object = {}) =>
      driftFindings(gone, of, around(more)).filter(({ message }) => message.includes("deleted it by hand"));
    assert.deepEqual(
      lost(record).map(({ severity }) => severity),
      ["required", "required"],
    );
    assert.match(lost(record)[0]?.message ?? "", /^the TargetGroupBinding of 'web' on blue is gone/);
    assert.equal(
      lost(record)[0]?.remedy,
      "eks-blue-green up --stack dev declares it again; then run the same command again",
    );
    assert.deepEqual(
      lost({ ...record, rollout: {} as EnvironmentRecord["rollout"] }).map(({ severity }) => severity),
      ["recommended", "recommended"],
    );
    assert.deepEqual(
      lost({ ...record, intent: { move: scale } as unknown as EnvironmentRecord["intent"] }),
      [],
      "the member's own move is open",
    );
    assert.deepEqual(
      lost(record, { config: config({ existing: { name: "web" } }) }).length,
      1,
      "the workload is somebody else's, the binding is not",
    );
  });
});
