import assert from "node:assert/strict";
import type { MemberObservation, ObservedExternal } from "../../../automation/observation/observe";
import { externalFindings } from "../../../automation/preflight/external-workloads";
import { externalChecks } from "../../../automation/verify/checks/external-workloads";
import { byMember } from "../../../automation/verify/inspect";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import type { Inspection } from "../../../automation/verify/inspection";
import type { EnvironmentRecord } from "../../../stacks/record";
import { externalMember, wellExternal } from "../external-members";

const member = (name: string, change: Partial<ObservedExternal> = {}): MemberObservation =>
  externalMember(name, { ...wellExternal, ...change });
type Roles = Readonly<Record<string, "active" | "standby">>;
const placementOf = (roles: Roles): EnvironmentRecord["placement"] =>
  Object.fromEntries(
    Object.entries(roles).map(([name, role]) => [name, { role, version: "1.34", workload: "running" as const }]),
  );
const observationOf = (...members: MemberObservation[]) => ({
  at: 0,
  groups: {},
  groupOf: {},
  members: Object.fromEntries(members.map((one) => [one.name, one])),
  probes: {},
  alarms: null,
  problems: [],
});
const blueAndGreen: Roles = { blue: "active", green: "standby" };

describe("verify, of workloads that somebody else deploys", () => {
  const told = (roles: Roles, ...members: MemberObservation[]): string[] =>
    externalChecks({
      observation: observationOf(...members),
      placement: placementOf(roles),
    } as unknown as Inspection).map(
      ({ code, subject, status, severity }) => `${code} ${subject} ${status} ${severity}`,
    );

  it("is content with what is there, ready and equal", () => {
    assert.deepEqual(told(blueAndGreen, member("blue"), member("green")), [
      "EBG-V-EXTERNAL blue/web passed required",
      "EBG-V-EXTERNAL-IMAGES blue/web skipped recommended",
      "EBG-V-EXTERNAL green/web passed required",
      "EBG-V-EXTERNAL-IMAGES green/web passed recommended",
    ]);
  });
  it("requires it of a member that serves, and advises of one that stands by", () => {
    const gone = { service: null };
    assert.deepEqual(
      told(blueAndGreen, member("blue", gone), member("green", gone)).filter((line) => line.includes("failed")),
      ["EBG-V-EXTERNAL blue/web failed required", "EBG-V-EXTERNAL green/web failed recommended"],
    );
  });
  it("names images that differ, and says nothing where they may", () => {
    const other = { images: ["sha256:b"] };
    const both: Roles = { blue: "active", green: "active" };
    assert.deepEqual(
      told(both, member("blue"), member("green", other)).filter((line) => line.includes("failed")),
      ["EBG-V-EXTERNAL-IMAGES blue/web failed recommended", "EBG-V-EXTERNAL-IMAGES green/web failed recommended"],
    );
    const free = { ...other, comparesImages: false };
    const lines = told(both, member("blue", { comparesImages: false }), member("green", free));
    assert.equal(lines.filter((line) => line.includes("skipped")).length, 2);
  });
});

describe("answers, by the name that they give", () => {
  it("count for the member whose cluster has it: a workload of somebody else's may know no other", () => {
    const memberClusters = { red: { existing: { clusterName: "old" } } };
    const environment = { environment: "dev", config: { memberClusters } } as unknown as EnvironmentOutputs;
    assert.deepEqual(
      byMember({ "dev-blue": 3, green: 2, "dev-green": 1, old: 4, nginx: 5 }, environment, ["blue", "green", "red"]),
      { blue: 3, green: 3, red: 4, nginx: 5 },
    );
  });
});

describe("preflight and status, of workloads that somebody else deploys", () => {
  const during = (rollout: EnvironmentRecord["rollout"], roles: Roles, ...members: MemberObservation[]): string[] =>
    members.flatMap((one) =>
      externalFindings(observationOf(...members), { placement: placementOf(roles), rollout }, one).map((finding) => {
        assert.equal(finding.severity, "recommended", "the gate before a member is let in judges them");
        return `${finding.message} → ${finding.remedy}`;
      }),
    );
  const findings = (roles: Roles, ...members: MemberObservation[]): string[] => during(null, roles, ...members);

  it("say nothing of what is well, of absent members and of those that don't answer", () => {
    assert.deepEqual(findings(blueAndGreen, member("blue"), member("green")), []);
    assert.deepEqual(findings({ blue: "active" }, member("green", { service: null })), []);
    const silent = { ...member("green", { service: null }), reachable: false };
    assert.deepEqual(findings(blueAndGreen, member("blue"), silent), []);
  });
  it("name what is missing, on which member, and the command that goes on", () => {
    const [missing = ""] = findings(blueAndGreen, member("blue"), member("green", { service: null }));
    assert.match(missing, /^Service shop\/web is not on green → deploy it to green .*eks-blue-green admit green$/);
    const [broken = ""] = findings(blueAndGreen, member("blue", { pods: { total: 2, ready: 0 } }), member("green"));
    assert.match(broken, /^0 of 2 pods .* on blue → repair it where it is deployed from/);
    const [differs = ""] = findings(blueAndGreen, member("blue"), member("green", { images: ["sha256:b"] }));
    assert.match(
      differs,
      /other images on green than on blue.*external\.images to any; then: eks-blue-green admit green$/,
    );
  });
  const underWay = (done: number): EnvironmentRecord["rollout"] =>
    ({
      done,
      steps: [
        { type: "move", kind: "admit", member: "green" },
        { type: "move", kind: "retire", member: "blue" },
      ],
    }) as unknown as EnvironmentRecord["rollout"];

  it("name the rollout's own command while one is under way: any other one is refused", () => {
    const [missing = ""] = during(underWay(0), blueAndGreen, member("blue"), member("green", { service: null }));
    assert.match(missing, /deploy it to green where it is deployed from; then: eks-blue-green upgrade$/);
  });
  it("miss nothing on a member that the rollout is about to destroy: who deploys it was told to take it away", () => {
    const roles: Roles = { blue: "standby", green: "active" };
    const gone = member("blue", { service: null });
    assert.deepEqual(during(underWay(1), roles, gone, member("green")), []);
    assert.equal(during(null, roles, gone, member("green")).length, 1);
    // One that serves still is missed, whatever comes later.
    assert.equal(during(underWay(0), { blue: "active", green: "standby" }, gone, member("green")).length, 1);
  });
});
