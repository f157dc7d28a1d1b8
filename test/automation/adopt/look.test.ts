/** What a look tells of the stacks and of AWS, and what it does when one of them does not answer. */
import assert from "node:assert/strict";
import { primaryOwnsOf } from "../../../automation/adopt/look";
import type { Adoption } from "../../../stacks/adoption";
import { adoptionAt } from "./adoption";

describe("whether the primary's stack has its bindings", () => {
  const owns = (state: readonly string[], step: Adoption["step"] = "import-primary"): Promise<boolean> => {
    const pulumi = { adoptedBindings: async () => state };
    return primaryOwnsOf({ pulumi } as unknown as Parameters<typeof primaryOwnsOf>[0], adoptionAt(step));
  };

  it("is what its state says, of every one of them", async () => {
    assert.equal(await owns(["web/k8s-a", "web/k8s-b"]), true);
    assert.equal(await owns(["web/k8s-a"]), false, "an update that failed after the first");
    assert.equal(await owns([]), false, "one that failed before, though its outputs say 'binding'");
    assert.equal(await owns(["web/k8s-a", "web/k8s-b"], "untag"), false);
  });
});
