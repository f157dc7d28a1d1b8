import assert from "node:assert/strict";
import { withSoundNames } from "../../../automation/environment/member-names";
import { readFamily } from "../../../automation/environment/state";
import type { MemberOutputs } from "../../../stacks/contract";
import { World } from "../world";

describe("names in a member's outputs", () => {
  const sound = new World("replace", ["blue", "green"]).outputs("blue") as MemberOutputs;
  const service = Object.values(sound.services)[0] as object;

  it("are taken as the program writes them, also without what older versions did not write", () => {
    assert.equal(withSoundNames(sound, "dev-blue"), sound);
    assert.equal(withSoundNames(null, "dev-blue"), null);
    const { controller: _, ...older } = sound;
    withSoundNames(older as MemberOutputs, "dev-blue");
  });

  const strange: Record<string, object> = {
    "the cluster's": { clusterName: "x; id" },
    "the region's": { region: "evil.example/" },
    "the controller's namespace": { controller: { ...sound.controller, namespace: "../../secrets" } },
    "the controller's Deployment": { controller: { ...sound.controller, deployment: "x?y" } },
    "its role's": { controller: { ...sound.controller, roleName: "admin role" } },
    "a service's namespace": { services: { web: { ...service, namespace: "kube-system/secrets/x?" } } },
    "a Service's": { services: { web: { ...service, service: "a/b" } } },
    "a binding's": { services: { web: { ...service, binding: "\u001b[2J" } } },
    "no text": { clusterName: { a: 1 } },
  };
  for (const [name, change] of Object.entries(strange))
    it(`are refused before anything is asked: ${name}`, () => {
      assert.throws(
        () => withSoundNames({ ...sound, ...change } as MemberOutputs, "dev-blue"),
        (error: { code: string; message: string; remedy: string }) => {
          assert.match(error.message, /outputs of stack dev-blue hold names that can't be used: \S+ is /);
          assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
          return error.code === "EBG-RECORD-INVALID";
        },
      );
    });

  it("keep every command from beginning", async () => {
    const world = new World("replace", ["blue", "green"]);
    const outputs = world.outputs.bind(world);
    world.outputs = (member) => {
      const found = outputs(member);
      return found === null || member !== "blue" ? found : { ...found, clusterName: "$(id)" };
    };
    await assert.rejects(readFamily(world.ports(), "dev"), { code: "EBG-RECORD-INVALID", message: /clusterName/ });
  });
});
