import assert from "node:assert/strict";
import { readFamily, readFamilyToAct } from "../../../automation/environment/state";
import { DriverError } from "../../../automation/errors";
import type { Ports } from "../../../automation/ports";
import { initialRecord } from "../../../stacks/record";

const first = initialRecord({ members: ["blue"], kubernetesVersion: "1.35", rollout: { strategy: "cycle" } });
const [member = ""] = Object.keys(first.placement);
const weighted = {
  ...first,
  schemaVersion: 2,
  placement: { [member]: { role: "active", version: "1.35", workload: "running", share: 999 } },
};

/** An environment's stack with this record among its outputs. */
const portsWith = (record: unknown): Ports =>
  ({
    pulumi: {
      readEnvironment: () =>
        Promise.resolve({
          exists: true,
          resources: 9,
          outputs: { environment: "dev", record, config: {}, loadBalancer: { services: {} } },
        }),
      readMember: () => Promise.resolve({ exists: false, resources: 0, outputs: null, owner: null }),
    },
  }) as unknown as Ports;

const refusal = async (work: Promise<unknown>): Promise<[string, string]> => {
  const error: unknown = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof DriverError, String(error));
  return [error.code, error.remedy];
};

describe("an environment's record", () => {
  it("of a newer version is refused with the remedy to use that version, not to restore an older state", async () => {
    const [code, remedy] = await refusal(readFamily(portsWith({ ...first, schemaVersion: 3 }), "dev"));
    assert.equal(code, "EBG-RECORD-INVALID");
    assert.match(remedy, /newer version of eks-blue-green wrote it: use that version/);
  });

  it("that is damaged is to be restored", async () => {
    const [code, remedy] = await refusal(readFamily(portsWith({ ...first, revision: -1 }), "dev"));
    assert.equal(code, "EBG-RECORD-INVALID");
    assert.match(remedy, /state backup/);
  });

  it("with shares is read, and acted on", async () => {
    const { record } = await readFamily(portsWith(weighted), "dev");
    assert.equal(record.placement[member]?.share, 999);
    const toAct = await readFamilyToAct(portsWith(weighted), "dev");
    assert.deepEqual(toAct.record, record);
  });
});
