import assert from "node:assert/strict";
import { weightFindings } from "../../../automation/preflight/weights";
import { findingsOf } from "../../../automation/preflight/preflight";
import type { EnvironmentRecord } from "../../../stacks/record";
import { servingWith, shiftOf } from "../../stacks/record/shares";
import { look, weightsOf } from "../gates/weighted-look";

const record: EnvironmentRecord = {
  schemaVersion: 2,
  revision: 3,
  placement: { blue: servingWith(90), green: servingWith(10) },
  rollout: null,
  intent: null,
};
const rollout = {
  id: "r",
  strategy: "replace",
  wantedVersion: "1.35",
  steps: [shiftOf([90, 50], [10, 50])],
  done: 0,
  startedAt: "2026-01-01T00:00:00Z",
  direction: "forward",
  reason: null,
} as const;
const { type: _type, ...move } = shiftOf([90, 50], [10, 50]) as { type: string } & NonNullable<
  EnvironmentRecord["intent"]
>["move"];
const shifting: EnvironmentRecord = {
  ...record,
  rollout,
  intent: { move, step: 0, startedAt: "2026-01-01T00:00:00Z", by: "x", targetsBefore: {} },
};
const codes = (weights: ReturnType<typeof weightsOf> | null, of: EnvironmentRecord = record): string[] =>
  weightFindings(look({ weights }), of, "dev").map(({ code, severity }) => `${severity} ${code}`);

describe("weights before anything begins", () => {
  const [recorded, half] = [weightsOf({ blue: 90, green: 10 }), weightsOf({ blue: 50, green: 50 })];

  it("are the record's, in every route", () => {
    assert.deepEqual(codes(recorded), []);
    assert.deepEqual(codes({ ...recorded, api: half["api"] ?? null }), ["required EBG-DRIFT"]);
    const [finding] = weightFindings(look({ weights: { ...recorded, api: half["api"] ?? null } }), record, "dev");
    assert.match(finding?.message ?? "", /'api' has blue 50, green 50 instead of blue 90, green 10/);
    assert.match(finding?.remedy ?? "", /pulumi up --refresh --stack dev/);
  });

  it("list every member's group, at 0 as well: one that no rule lists has no health checks", () =>
    assert.deepEqual(
      codes(
        { ...weightsOf({ blue: 100, green: 0 }), web: { "web@blue": 100 } },
        {
          ...record,
          placement: { blue: servingWith(100), green: { role: "standby", version: "1.35", workload: "running" } },
        },
      ),
      ["required EBG-DRIFT"],
    ));

  it("may be those of before or after a shift that is open, in each route", () => {
    assert.deepEqual(codes({ ...recorded, api: half["api"] ?? null }, shifting), []);
    assert.deepEqual(codes(weightsOf({ blue: 1, green: 1 }), shifting), [
      "recommended EBG-DRIFT",
      "recommended EBG-DRIFT",
    ]);
  });

  it("that AWS does not tell keep anything from beginning, and nothing that is under way", () => {
    assert.deepEqual(codes(null), ["required EBG-AWS"]);
    assert.deepEqual(codes(null, shifting), ["recommended EBG-AWS"]);
  });

  it("keep no rollback from beginning, nor a drain that the hand went ahead of", () => {
    const less = look({ weights: weightsOf({ blue: 100, green: 0 }) });
    const severity = (name: "rollback" | "drain" | "admit", member: string | null): string[] =>
      weightFindings(less, record, "dev", { name, member, percent: null }).map((finding) => finding.severity);
    assert.deepEqual(severity("rollback", null), ["recommended", "recommended"]);
    assert.deepEqual(severity("drain", "green"), ["recommended", "recommended"]);
    assert.deepEqual(severity("drain", "blue"), ["required", "required"]);
    assert.deepEqual(severity("admit", "green"), ["required", "required"]);
  });

  it("are not to be put back onto a member without healthy targets", () => {
    const remedyWith = (states: Parameters<typeof look>[0]): string =>
      weightFindings(look({ ...states, weights: weightsOf({ blue: 0, green: 100 }) }), record, "dev")[0]?.remedy ?? "";
    assert.match(remedyWith({}), /pulumi up --refresh --stack dev/);
    const dead = ["unhealthy", "unhealthy", "unhealthy"] as const;
    assert.match(remedyWith({ states: { blue: dead } }), /drain blue --stack dev/);
    assert.match(remedyWith({ states: { blue: dead, green: dead } }), /put them back only when blue can serve/);
    // What AWS does not tell is no reason to leave them.
    assert.match(remedyWith({ states: { blue: dead }, untold: ["web@blue", "api@blue"] }), /pulumi up --refresh/);
  });

  it("say nothing where nobody gets anything, nor where traffic has none", () => {
    const out = { role: "standby", version: "1.35", workload: "running" } as const;
    assert.deepEqual(codes(recorded, { ...record, placement: { blue: out, green: out } }), []);
    const { weights: _weights, ...plain } = look();
    assert.deepEqual(weightFindings(plain, record, "dev"), []);
  });

  it("decide who has to have healthy targets: nobody is served by a member with a share of 0", () => {
    const seen = look({ states: { blue: ["unhealthy"] } });
    const of = { ...record, placement: { blue: servingWith(100), green: servingWith(0) } };
    const said = findingsOf(seen, of).map(({ message }) => message);
    assert.ok(
      said.some((message) => message.startsWith("'web' has no healthy target")),
      said.join("; "),
    );
    assert.ok(!findingsOf(seen, record).some(({ message }) => message.includes("no healthy target")));
  });
});
