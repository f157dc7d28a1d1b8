import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { configDifferences } from "../../../stacks/config/differences";
import { devValues } from "../mock-engine";
import { problemsIn } from "./problems-of";

const parse = (hooks: unknown) =>
  parseEnvironmentConfig({ ...devValues, "eks-blue-green:hooks": JSON.stringify(hooks) }, { environment: "dev" });
const problemsOf = (hooks: unknown): string[] => problemsIn(() => parse(hooks));
const register = { name: "register", at: "before-admit", command: ["./register.sh", "-v", "-v"] };

describe("hooks in the config", () => {
  it("have five minutes unless they say otherwise, and there are none by default", () => {
    assert.deepEqual(parse([register]).hooks, [{ ...register, timeoutSeconds: 300 }]);
    assert.equal(parseEnvironmentConfig(devValues, { environment: "dev" }).hooks, undefined);
  });
  it("are refused with what is wrong, where, and what is allowed", () => {
    assert.deepEqual(problemsOf([{ ...register, at: "before-drain" }]), [
      "hooks[0].at: must be one of after-provision, before-admit, after-drain, before-retire",
    ]);
    assert.deepEqual(problemsOf([{ ...register, command: "./register.sh" }]), [
      "hooks[0].command: must be a list of at least 1",
    ]);
    assert.deepEqual(problemsOf([{ ...register, command: ["", 1] }]), [
      "hooks[0].command[0]: must be the name of a program",
      "hooks[0].command[1]: must be text",
    ]);
    assert.deepEqual(problemsOf([{ ...register, timeoutSeconds: 0 }]), [
      "hooks[0].timeoutSeconds: must be a whole number from 1 to 86400 (seconds, at most a day)",
    ]);
    assert.deepEqual(problemsOf([register, register]), ["hooks[1].name: is also the name of hooks[0]"]);
  });
  it("are commands or webhooks, one of the two each", () => {
    const { command: _command, ...rest } = register;
    const webhook = { url: "https://hooks.example.com/eks?team=a", tokenVariable: "HOOK_TOKEN" };
    assert.deepEqual(parse([{ ...rest, webhook }]).hooks, [{ ...rest, webhook, timeoutSeconds: 300 }]);
    assert.deepEqual(problemsOf([{ ...rest, webhook: { url: "http://127.0.0.1:8080/eks" } }]), []);
    assert.deepEqual(problemsOf([rest]), ["hooks[0].command: is required without webhook"]);
    assert.deepEqual(problemsOf([{ ...register, webhook }]), [
      "hooks[0].webhook: can't be given together with command",
    ]);
  });
  it("never send anything in clear text over a network, nor have a secret in the config", () => {
    const { command: _command, ...rest } = register;
    const wrong = (webhook: object): string[] => problemsOf([{ ...rest, webhook }]);
    for (const url of ["http://hooks.example.com/", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/"])
      assert.deepEqual(wrong({ url }), ["hooks[0].webhook.url: must begin with https://, or lead to this machine"]);
    assert.deepEqual(wrong({ url: "hooks" }), ["hooks[0].webhook.url: must be a URL"]);
    assert.match(wrong({ url: "https://me:secret@hooks.example.com/" }).join(), /must have no login in it/);
    assert.match(wrong({ url: "https://h.example.com/", tokenVariable: "Bearer x" }).join(), /environment variable/);
  });
  it("change at once, and no stack reads them", () => {
    const [difference, ...more] = configDifferences(
      parseEnvironmentConfig(devValues, { environment: "dev" }),
      parse([register]),
    );
    assert.deepEqual(more, []);
    assert.equal(difference?.path, "hooks");
    assert.deepEqual(difference?.readBy, ["driver"]);
    assert.deepEqual(difference?.change, { kind: "at once" });
  });
});
