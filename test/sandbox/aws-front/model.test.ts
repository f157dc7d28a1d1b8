/** Every answer of the front against AWS's own models, as botocore carries them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { eksOperations } from "../../../sandbox/aws-front/eks/routes";
import { elbOperations } from "../../../sandbox/aws-front/elbv2/actions";
import { type Rig, useRig } from "./rig";

interface Walked {
  readonly problems: readonly string[];
  readonly unused: readonly string[];
  readonly called: number;
}

function walk(rig: Rig): Promise<Walked> {
  return new Promise((resolve, reject) => {
    const child = spawn(rig.tools.python, [join(__dirname, "python", "model_walk.py")], {
      env: rig.env(),
      stdio: ["pipe", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => (out += String(chunk)));
    child.stderr.on("data", (chunk) => (err += String(chunk)));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(out) as Walked) : reject(new Error(`model_walk.py ended with ${code}: ${err}`)),
    );
    child.stdin.end(JSON.stringify({ elbv2: elbOperations, eks: eksOperations, vpc: rig.vpcId, subnets: rig.subnets }));
  });
}

describe("AWS front, answers", function () {
  this.timeout(120_000);
  const rig = useRig();

  it("have no member that AWS's models don't know and all that AWS always returns, for every operation", async () => {
    const walked = await walk(rig());
    assert.deepEqual(walked.problems, []);
    assert.deepEqual(walked.unused, []);
    assert.equal(walked.called, elbOperations.length + eksOperations.length);
  });
});
