/**
 * EC2's model says almost nothing that can be checked; its documentation does. Every sentence of it that constrains a
 * parameter of an operation that we validate must be a rule, or be waived here with the reason.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { rules } from "../../../../sandbox/aws-front/validation/ec2-rules";
import { serviceModel } from "../../../../sandbox/aws-front/validation/models";
import { pythonTools } from "../rig";

interface Found {
  readonly parameter: string;
  readonly sentence: string;
}

const needsState = "what it says needs the account's state, and moto has that";
const notUsed = "none of our programs or controllers sends this parameter";
const notAConstraint = "says what something is, not what is allowed";
const waived: readonly { readonly parameter?: RegExp; readonly sentence?: RegExp; readonly why: string }[] = [
  { parameter: /^LaunchTemplateData\./, why: notUsed },
  { parameter: /^(Image|Inspector)/, why: notUsed },
  { parameter: /^Filter/, why: "a value that nothing has finds nothing, in AWS too" },
  { parameter: /^ClientToken$/, why: "a token's length; SDKs make it" },
  { parameter: /^(Encrypted|KmsKeyId|Throughput|Size|VolumeId|VolumeInitializationRate|InstanceId)$/, why: notUsed },
  { parameter: /^AvailabilityZone(Id)?$/, sentence: /^Either AvailabilityZone or/, why: notUsed },
  { parameter: /^(SnapshotId|AutoEnableIO|Iops)/, why: notUsed },
  { parameter: /^(AssignIpv6|EnableDns64|MapCustomerOwned|PrivateDnsHostname|EnableResourceName)/, why: notUsed },
  { sentence: /^Constraints?:$/, why: "a heading; what stands below it is a sentence of its own" },
  { sentence: /^The valid values are true or false/, why: "moto and the SDKs refuse others" },
  { sentence: /You must specify either/i, why: needsState },
  { sentence: /nondefault VPC|within the VPC|in the same VPC|same Availability Zone/, why: needsState },
  { sentence: /more than one network interface|valid values depend on/i, why: needsState },
  { sentence: /describe (one or more versions|all launch templates)/, why: notUsed },
  { sentence: /^The maximum number of (items|results)/, why: notAConstraint },
  { sentence: /the resource type must be launch-template/, why: notUsed },
  { sentence: /^For tcp , udp , and icmp|^If the start port is -1/, why: "moto refuses a missing port range" },
];

function documentation(operations: readonly string[], python: string): Promise<Readonly<Record<string, Found[]>>> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(__dirname, "..", "python", "ec2_documentation.py")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk) => (out += String(chunk)));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(out) as Record<string, Found[]>) : reject(new Error(`ended with ${code}`)),
    );
    child.stdin.end(JSON.stringify(operations));
  });
}

describe("EC2's documentation", function () {
  this.timeout(120_000);

  it("has no constraint that is neither a rule of the front nor waived", async () => {
    const operations = Object.keys(serviceModel("ec2")?.operations ?? {});
    const tools = pythonTools();
    assert.ok(tools, "the sandbox's Python is missing: eks-blue-green sandbox tools");
    const found = await documentation(operations, tools.python);
    const unheld: string[] = [];
    let held = 0;
    for (const [operation, entries] of Object.entries(found)) {
      for (const { parameter, sentence } of entries) {
        if (rules.some((rule) => rule.operations.test(operation) && rule.parameter.test(parameter))) held += 1;
        else if (
          !waived.some((one) => one.parameter?.test(parameter) !== false && one.sentence?.test(sentence) !== false)
        )
          unheld.push(`${operation} ${parameter}: ${sentence}`);
      }
    }
    assert.ok(held > 50, `only ${held} sentences are held by rules`);
    assert.deepEqual(unheld, []);
  });
});
