/** Which region is asked, and in which form an id comes back. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { regionOf } from "../../../../automation/adapters/aws/region";
import { findAwsId } from "../../../../automation/adapters/aws/resource-ids";
import { DriverError } from "../../../../automation/errors";

const kept = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"];

describe("the id of what a killed update made", () => {
  const surroundings = Object.fromEntries(kept.map((key) => [key, process.env[key]]));
  const regions: string[] = [];
  let server: Server;
  let answer: { status: number; body: object } = { status: 200, body: {} };
  beforeEach(async () => {
    regions.length = 0;
    server = createServer((request, response) => {
      regions.push(/Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "none");
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "AKIDTEST",
      AWS_SECRET_ACCESS_KEY: "secret",
    });
    delete process.env["AWS_REGION"];
    delete process.env["AWS_DEFAULT_REGION"];
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    for (const key of kept) {
      if (surroundings[key] === undefined) delete process.env[key];
      else process.env[key] = surroundings[key];
    }
  });

  const type = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
  const inputs = { clusterName: "dev-green", namespace: "kube-system", serviceAccount: "controller" };

  it("of an association is in the form of an import, and looked for in the driver's own region", async () => {
    answer = { status: 200, body: { associations: [{ associationId: "a-1" }] } };
    assert.equal(await findAwsId(type, inputs, "eu-central-1"), "dev-green,a-1");
    assert.equal(await findAwsId(type, { ...inputs, region: "ap-south-1" }, "eu-central-1"), "dev-green,a-1");
    assert.deepEqual(regions, ["eu-central-1", "ap-south-1"]);
  });

  it("is null when there is none, and when its cluster is gone", async () => {
    answer = { status: 200, body: { associations: [] } };
    assert.equal(await findAwsId(type, inputs, "eu-central-1"), null);
    answer = { status: 404, body: { __type: "ResourceNotFoundException", message: "No cluster found" } };
    assert.equal(await findAwsId(type, inputs, "eu-central-1"), null);
  });

  it("is no guess when AWS refuses to tell", async () => {
    answer = { status: 403, body: { __type: "ExpiredTokenException", message: "expired" } };
    await assert.rejects(
      findAwsId(type, inputs, "eu-central-1"),
      (error: unknown) => error instanceof DriverError && error.code === "EBG-CREDENTIALS",
    );
  });

  it("is looked for in the region of config or surroundings, and never in one that is guessed", async () => {
    assert.equal(await regionOf({ "aws:region": "eu-west-1" }, { AWS_REGION: "us-west-2" }), "eu-west-1");
    assert.equal(await regionOf({}, { AWS_DEFAULT_REGION: "eu-west-3" }), "eu-west-3");
    const files = { AWS_CONFIG_FILE: process.env["AWS_CONFIG_FILE"], HOME: process.env["HOME"] };
    process.env["AWS_CONFIG_FILE"] = "/nonexistent";
    try {
      await assert.rejects(
        regionOf({}, {}),
        (error: unknown) => error instanceof DriverError && error.code === "EBG-CONFIG",
      );
    } finally {
      if (files.AWS_CONFIG_FILE === undefined) delete process.env["AWS_CONFIG_FILE"];
      else process.env["AWS_CONFIG_FILE"] = files.AWS_CONFIG_FILE;
    }
  });
});
