import assert from "node:assert/strict";
import { counted, doing } from "../../../automation/text/sentences";

describe("words for people", () => {
  it("counts", () =>
    assert.deepEqual(
      [counted(0, "node"), counted(1, "node"), counted(2, "load balancer")],
      ["0 nodes", "1 node", "2 load balancers"],
    ));
  it("says who does what", () =>
    assert.deepEqual(
      [
        doing(["blue"], "serve"),
        doing(["blue", "green"], "serve"),
        doing(["blue"], "carry"),
        doing(["blue", "red"], "carry"),
      ],
      ["blue serves", "blue, green serve", "blue carries", "blue, red carry"],
    ));
});
