import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { devValues } from "../../mock-engine";

const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/aws-load-balancer-controller";
const parse = (image?: string) =>
  parseEnvironmentConfig(
    { ...devValues, "eks-blue-green:controller": JSON.stringify(image === undefined ? {} : { image }) },
    { environment: "dev" },
  ).controller;

describe("the repository of the controller's image", () => {
  it("is taken as it is, and left out by default: deployed environments see no change", () => {
    assert.equal(parse(repository).image, repository);
    assert.equal(parse("localhost:5000/controller").image, "localhost:5000/controller");
    assert.ok(!("image" in parse()));
  });

  it("has neither tag nor digest: the version says which image it is", () => {
    for (const image of [`${repository}:v3.5.0`, `${repository}@sha256:0`, "controller", ""])
      assert.throws(() => parse(image), /controller\.image: .*: must be a repository of container images,/);
  });
});
