import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { devValues } from "../../mock-engine";

const zonesOf = (region: string, zones: readonly string[]): readonly string[] =>
  parseEnvironmentConfig(
    {
      ...devValues,
      "aws:region": region,
      "eks-blue-green:network": JSON.stringify({ cidrBlock: "10.42.0.0/16", availabilityZones: zones }),
    },
    { environment: "dev" },
  ).network.availabilityZones;

describe("region and zones", () => {
  it("may be of every partition", () => {
    for (const region of ["us-east-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1"]) {
      const zones = [`${region}a`, `${region}b`];
      assert.deepEqual(zonesOf(region, zones), zones, region);
    }
  });

  it("are refused when they look like none", () => {
    assert.throws(() => zonesOf("europe-de-east-1", ["europe-de-east-1a", "europe-de-east-1b"]), /aws:region/);
    assert.throws(() => zonesOf("us-east-1", ["us-east-1", "us-east-1b"]), /must be the name of an availability zone/);
  });
});
