import assert from "node:assert/strict";
import { logGroups } from "../../../automation/teardown/left-by-clusters";

describe("the logs of control planes", () => {
  it("are named when there are any, with the command for each cluster's group", () => {
    assert.deepEqual(logGroups([], ["dev-blue"]), []);
    assert.deepEqual(
      logGroups(["audit"], ["dev-blue", "dev-green"]).map(({ severity, remedy }) => `${severity}: ${remedy}`),
      [
        "recommended: when nobody needs them: aws logs delete-log-group --log-group-name /aws/eks/dev-blue/cluster",
        "recommended: when nobody needs them: aws logs delete-log-group --log-group-name /aws/eks/dev-green/cluster",
      ],
    );
  });
});
