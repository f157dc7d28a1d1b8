import assert from "node:assert/strict";
import { RecentExports } from "../../../../../automation/adapters/pulumi/engine/recent-exports";

describe("an export that serves the read after it", () => {
  const exportAt = (exports: RecentExports, at: number, text = "state", stack = "dev"): void => {
    const done = exports.touch(stack, at);
    done();
    done(text);
  };

  it("serves one read, of its own stack, for three seconds", () => {
    const exports = new RecentExports();
    exportAt(exports, 1000);
    assert.equal(exports.take("dev-blue", 1000), null);
    assert.equal(exports.take("dev", 4000), "state");
    assert.equal(exports.take("dev", 4000), null);
    exportAt(exports, 1000);
    assert.equal(exports.take("dev", 4001), null);
  });

  it("is dropped when anything is begun on its stack, whether it ends or fails", () => {
    const exports = new RecentExports();
    exportAt(exports, 1000);
    const done = exports.touch("dev", 1001);
    assert.equal(exports.take("dev", 1001), null);
    done();
    assert.equal(exports.take("dev", 1001), null);
  });

  it("is not kept when something began or ended while it was made", () => {
    for (const order of ["began before", "began meanwhile"] as const) {
      const exports = new RecentExports();
      const early = order === "began before" ? exports.touch("dev", 1000) : null;
      const mine = exports.touch("dev", 1000);
      const other = early ?? exports.touch("dev", 1000);
      other();
      mine();
      mine("state");
      assert.equal(exports.take("dev", 1000), null, order);
    }
  });

  it("is dropped when an update that ran all the while comes to its end", () => {
    const exports = new RecentExports();
    const update = exports.touch("dev", 1000);
    exportAt(exports, 1000);
    update();
    assert.equal(exports.take("dev", 1000), null);
  });

  it("of one stack does not mind another's update", () => {
    const exports = new RecentExports();
    exportAt(exports, 1000);
    exports.touch("dev-blue", 1000)();
    assert.equal(exports.take("dev", 1000), "state");
  });
});
