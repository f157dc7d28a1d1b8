import assert from "node:assert/strict";
import {
  asOneWrite,
  beginMove,
  commitMove,
  desiredOfMember,
  finishRollout,
  isNewerSchema,
  parseRecord,
  placementUndone,
  RecordError,
  schemaOf,
  startRollout,
  turnBack,
  type EnvironmentRecord,
  type Step,
} from "../../../stacks/record";
import { servingWith as stands, shiftOf as shift } from "./shares";
import { storedRecords } from "./stored-records";

const at = "2026-11-30T00:00:00Z";
const base = (blue?: number, green?: number): EnvironmentRecord => ({
  schemaVersion: 1,
  revision: 1,
  placement: { blue: stands(blue), green: stands(green) },
  rollout: null,
  intent: null,
});
const written = (record: EnvironmentRecord): unknown =>
  JSON.parse(JSON.stringify(asOneWrite({ ...record, revision: record.revision - 1 }, record)));
const started = (...steps: Step[]): EnvironmentRecord =>
  startRollout(base(990, 10), { id: "r", strategy: "replace", wantedVersion: "1.35", steps, startedAt: at });
const begun = (record: EnvironmentRecord, step = 0): EnvironmentRecord =>
  beginMove(record, { step, startedAt: at, by: "me", targetsBefore: {} });

describe("records that are stored in schema 1", () => {
  for (const [what, stored] of Object.entries(storedRecords)) {
    it(`${what}: read, and written as they are stored`, () => {
      const { record, problems } = parseRecord(stored);
      assert.deepEqual(problems, []);
      assert.deepEqual(JSON.parse(JSON.stringify(record)), stored);
      assert.ok(record !== null);
      const next = { ...record, revision: record.revision + 1 };
      assert.deepEqual(JSON.parse(JSON.stringify(asOneWrite(record, next))), {
        ...(stored as object),
        revision: record.revision + 1,
      });
    });
  }

  it("go on: what was begun is committed, and the rollout ends", () => {
    const open = parseRecord(storedRecords["of a drain on its way back, with what was counted before"]).record;
    assert.ok(open !== null);
    const ended = finishRollout(commitMove(open));
    assert.deepEqual([ended.schemaVersion, ended.placement["green"]?.role, ended.rollout], [1, "standby", null]);
  });
});

describe("the schema that a record is written in", () => {
  it("stays 1 while there is neither a share nor a shift, so that older versions go on reading it", () => {
    assert.equal(schemaOf(base()), 1);
    assert.equal((written({ ...base(), revision: 2 }) as EnvironmentRecord).schemaVersion, 1);
  });

  it("is 2 with a share or a planned shift, which a reader of 1 must refuse; and 1 again without them", () => {
    for (const record of [{ ...base(990, 10), revision: 2 }, started(shift([990, 900], [10, 100]))]) {
      const out = written(record);
      assert.equal((out as EnvironmentRecord).schemaVersion, 2);
      assert.deepEqual(parseRecord(out).problems, []);
      assert.deepEqual(parseRecord({ ...(out as object), schemaVersion: 1 }).problems, [
        "schemaVersion: shares and shifts belong to schema 2, got 1",
      ]);
    }
    assert.equal((written({ ...base(), schemaVersion: 2, revision: 2 }) as EnvironmentRecord).schemaVersion, 1);
  });

  it("is told apart from a damaged one when it is newer than this version", () => {
    assert.deepEqual(parseRecord({ schemaVersion: 3 }).problems, [
      "schemaVersion: this version of eks-blue-green reads 1 and 2, got 3",
    ]);
    assert.deepEqual(
      [{ schemaVersion: 3 }, { schemaVersion: 2 }, { schemaVersion: "x" }, null, {}].map(isNewerSchema),
      [true, false, false, false, false],
    );
  });

  it("names a share that ELBv2 would refuse, one of a member out of traffic, and a shift of nobody", () => {
    const placement = { blue: stands(1000), green: { ...stands(5), role: "standby" } };
    const { problems } = parseRecord({ ...base(), schemaVersion: 2, placement });
    assert.match(problems.join("\n"), /blue\.share: expected a whole number from 0 to 999/);
    assert.match(problems.join("\n"), /green\.share: only an active member has one/);
    const empty = started({ type: "move", kind: "shift", changes: {} });
    assert.match(parseRecord({ ...empty, schemaVersion: 2 }).problems.join(), /a shift changes the share/);
  });
});

describe("a shift in the record", () => {
  const step = shift([990, 900], [10, 100]);
  const shares = ({ placement }: Pick<EnvironmentRecord, "placement">) => [
    placement["blue"]?.share,
    placement["green"]?.share,
  ];

  it("reads back as it was written, open and planned", () => {
    const open = begun(started(step));
    const { record, problems } = parseRecord(written(open));
    assert.deepEqual(problems, []);
    assert.deepEqual([record?.intent, record?.rollout], [open.intent, open.rollout]);
  });

  it("moves the shares of all its members at its commit, and none before", () => {
    const open = begun(started(step));
    assert.deepEqual(shares(open), [990, 10]);
    const done = commitMove(open);
    assert.deepEqual(shares(done), [900, 100]);
    assert.ok(step.type === "move");
    assert.deepEqual(shares({ placement: placementUndone(done.placement, step) }), [990, 10]);
  });

  it("starts from where each of its members stands", () =>
    assert.throws(() => begun(started(shift([990, 900], [20, 100]))), {
      message:
        "beginMove: 'shift green' starts from active 1.35 running with share 20, but the record has active 1.35 " +
        "running with share 10",
    }));

  it("turns back only by a move of all its members", () => {
    const open = begun(started(step));
    const back = (first: Step) =>
      turnBack(open, { reason: "requests fail", steps: [first], startedAt: at, by: "me" }).intent?.move;
    assert.equal(back(shift([900, 990], [100, 10]))?.kind, "shift");
    const half: Step = { type: "move", kind: "shift", changes: { blue: { from: stands(900), to: stands(990) } } };
    assert.throws(
      () => back(half),
      (error) => {
        assert.ok(error instanceof RecordError);
        assert.match(
          error.message,
          /'shift blue, green' is open, so the way back begins with blue, green, not with blue/,
        );
        return true;
      },
    );
  });

  it("leaves the members' stacks as they are, whoever updates them meanwhile", () => {
    const open = begun(started(step));
    for (const acting of [true, false])
      for (const name of ["blue", "green"])
        assert.deepEqual(desiredOfMember(open, name, { acting }), {
          placement: open.placement[name],
          bindings: "declared",
          refuse: null,
        });
  });
});
