import assert from "node:assert/strict";
import { halfShareFindings } from "../../../automation/preflight/half-shares";
import type { EnvironmentRecord, MemberPlacement } from "../../../stacks/record";

const stands = (share?: number): MemberPlacement => ({
  role: "active",
  version: "1.35",
  workload: "running",
  ...(share === undefined ? {} : { share }),
});
const record = (blue?: number, green?: number): EnvironmentRecord => ({
  schemaVersion: 2,
  revision: 1,
  placement: { blue: stands(blue), green: stands(green) },
  rollout: null,
  intent: null,
});

describe("members with less than their share", () => {
  it("are named with what brings them in and what takes them out", () => {
    const [half] = halfShareFindings(record(100, 10), "dev");
    assert.match(half?.message ?? "", /green has a share of 10, and a member that serves in full has 100/);
    assert.equal(
      half?.remedy,
      "to bring it in: eks-blue-green admit green --stack dev; to take it out: eks-blue-green drain green --stack dev",
    );
    const [none] = halfShareFindings(record(0, 100), "dev");
    assert.match(none?.message ?? "", /blue is bound and has no share/);
  });

  it("are not told to leave when nobody else serves", () => {
    assert.equal(
      halfShareFindings(record(50, 0), "dev")[0]?.remedy,
      "to bring it in: eks-blue-green admit blue --stack dev",
    );
  });

  it("are none where all have their share, or traffic is shared, or something is under way", () => {
    assert.deepEqual(halfShareFindings(record(100, 100), "dev"), []);
    assert.deepEqual(halfShareFindings(record(), "dev"), []);
    assert.deepEqual(halfShareFindings({ ...record(100, 10), rollout: {} as never }, "dev"), []);
  });
});
