import assert from "node:assert/strict";
import { memberStackOf, nameCollisions, readingsOf } from "../../../stacks/environment/name-collisions";
import { environmentProgram } from "../../../stacks/environment/program";
import { devValues, runUnderMocks } from "../mock-engine";

const environment = (...members: string[]) => ({
  record: { placement: Object.fromEntries(members.map((member) => [member, {}])) },
});
const reader = (stacks: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
  const asked: string[] = [];
  return {
    asked,
    read: async (stack: string) => {
      asked.push(stack);
      return stacks[stack] ?? null;
    },
  };
};

describe("names that could mean the same stack", () => {
  it("are every way to part a stack's name at a dash", () => {
    assert.deepEqual(
      readingsOf("dev-eu-blue").map(({ environment, member }) => `${environment} ${member}`),
      ["dev eu-blue", "dev-eu blue"],
    );
    assert.deepEqual(readingsOf("dev"), []);
  });

  it("are refused when the other exists, from either side", async () => {
    const table: [string, string, Record<string, Record<string, unknown>>, RegExp | null][] = [
      ["dev", "eu-blue", { "dev-eu": environment("blue") }, /member 'blue' of environment 'dev-eu'/],
      ["dev-eu", "blue", { dev: environment("blue", "eu-blue") }, /member 'eu-blue' of environment 'dev'/],
      ["dev", "eu", { "dev-eu": environment("blue") }, /environment 'dev-eu' itself/],
      ["dev", "eu-blue", { "dev-eu": environment("green") }, null],
      ["dev", "eu-blue", {}, null],
    ];
    for (const [name, member, stacks, expected] of table) {
      const problems = await nameCollisions(name, [member], reader(stacks).read);
      if (expected === null) assert.deepEqual(problems, []);
      else assert.match(problems.map(({ rule }) => rule).join(), expected, `${name} ${member}`);
    }
  });

  it("cost one reading for names without dashes, and none for members that are known", async () => {
    const { asked, read } = reader({});
    await nameCollisions("dev", ["blue", "green"], read);
    assert.deepEqual(asked, ["dev-blue", "dev-green"]);
    await nameCollisions("dev", [], read);
    assert.equal(asked.length, 2);
  });

  it("show an environment that is a member's stack of another", async () => {
    const { read } = reader({ dev: environment("blue", "eu-x") });
    assert.deepEqual(await memberStackOf("dev-eu-x", read), { environment: "dev", member: "eu-x" });
    assert.equal(await memberStackOf("dev-red", read), null);
  });

  it("keep the environment's program from beginning", async () => {
    const values = { ...devValues, "eks-blue-green:members": JSON.stringify(["blue", "eu-blue"]) };
    const stacks = { dev: {}, "dev-eu": environment("blue") };
    await assert.rejects(
      runUnderMocks({ stack: "dev", stacks }, () => environmentProgram(values)),
      /its stack would be 'dev-eu-blue', which is that of member 'blue'/,
    );
  });
});

describe("a member's stack without its settings file", () => {
  it("is told apart from an environment's: the message names the two keys, not the environment's settings", async () => {
    const stacks = { dev: environment("blue", "green") };
    await assert.rejects(
      runUnderMocks({ stack: "dev-green", stacks }, () => environmentProgram({ "aws:region": "us-east-1" })),
      /member 'green' of environment 'dev'.*pulumi config set eks-blue-green:environment dev --stack dev-green/,
    );
  });
});
