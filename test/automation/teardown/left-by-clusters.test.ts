import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { DriverEventBody } from "../../../automation/events";
import type { Leftover } from "../../../automation/ports";
import { logGroups, namingWhatIsInTheWay } from "../../../automation/teardown/left-by-clusters";

const throttled = new DriverError("EBG-AWS", "ec2:DescribeNetworkInterfaces: RequestLimitExceeded", "again");
const inUse = new DriverError("EBG-UPDATE-FAILED", "DependencyViolation: the subnet is in use", "look at the engine");
const group = { what: "security group", id: "sg-1", command: "aws ec2 delete-security-group --group-id sg-1" };

/** Looks answer in turn; the destroy ends as it is said. */
async function destroying(answers: readonly (readonly Leftover[] | Error)[], end: Error | null) {
  const events: DriverEventBody[] = [];
  let looks = 0;
  let destroyed = 0;
  const inTheWay = async (): Promise<readonly Leftover[]> => {
    const answer = answers[looks++] ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const run = { emit: (event: DriverEventBody) => void events.push(event), commandName: "eks-blue-green teardown" };
  let error: unknown = null;
  try {
    await namingWhatIsInTheWay({ inTheWay }, run, ["dev-blue"], async () => {
      destroyed += 1;
      if (end !== null) throw end;
    });
  } catch (thrown) {
    error = thrown;
  }
  const notes = events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
  return { error, destroyed, notes };
}

describe("what destroyed clusters left in the network", () => {
  it("is named in the error of the destroy that it was in the way of", async () => {
    const { error, destroyed } = await destroying([[], [group as Leftover]], inUse);
    assert.equal(destroyed, 1);
    assert.match((error as Error).message, /the subnet is in use\nin its way: security group sg-1/);
  });

  it("is not waited for when EC2 does not tell it: the teardown goes on, and says so", async () => {
    const { error, destroyed, notes } = await destroying([throttled], null);
    assert.deepEqual([error, destroyed], [null, 1]);
    assert.deepEqual(notes, [
      "what dev-blue left in the network was not looked for: ec2:DescribeNetworkInterfaces: RequestLimitExceeded",
    ]);
  });

  it("never takes the place of the destroy's own error", async () => {
    const { error, notes } = await destroying([throttled, throttled], inUse);
    assert.equal(error, inUse);
    assert.equal(notes.length, 2);
  });

  it("hides no defect of ours", async () => {
    const { error, destroyed } = await destroying([new TypeError("a defect")], null);
    assert.ok(error instanceof TypeError);
    assert.equal(destroyed, 0);
  });
});

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
