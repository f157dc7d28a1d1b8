/** What a look tells of the stacks and of AWS, and what it does when one of them does not answer. */
import assert from "node:assert/strict";
import { lookAtAdoption, primaryOwnsOf } from "../../../automation/adoption/observe";
import { DriverError, type DriverErrorCode } from "../../../automation/errors";
import type { Adoption } from "../../../stacks/record/adoption";
import { adoptionAt } from "./adoption";
import { Scene } from "./scene";

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

describe("a look that is not answered", () => {
  const failing = (call: string, code: DriverErrorCode): Scene => {
    const scene = new Scene(adoptionAt("import-primary"));
    scene.before = (now) => {
      if (now === call) throw new DriverError(code, `${call}: Throttling: Rate exceeded`, "run the same command again");
    };
    return scene;
  };
  const lookAt = (scene: Scene): ReturnType<typeof lookAtAdoption> =>
    lookAtAdoption(scene.ports(), scene.family, scene.adoption, { forgotten: false, annotationsDropped: false });

  for (const call of ["describeLoadBalancer", "tags", "targets", "adoptedBindings"]) {
    it(`says so instead of ending the command (${call})`, async () => {
      for (const code of ["EBG-AWS", "EBG-DEADLINE", "EBG-UPDATE-FAILED"] as const)
        assert.equal((await lookAt(failing(call, code))).unseen, `${call}: Throttling: Rate exceeded`);
    });
  }
  it("all was told: nothing is said", async () =>
    assert.equal((await lookAt(new Scene(adoptionAt("untag")))).unseen, null));
  it("no patience helps with credentials", () =>
    assert.rejects(lookAt(failing("tags", "EBG-CREDENTIALS")), { code: "EBG-CREDENTIALS" }));
});
