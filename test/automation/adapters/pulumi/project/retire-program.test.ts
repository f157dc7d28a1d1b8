import assert from "node:assert/strict";
import { retireProgram } from "../../../../../automation/adapters/pulumi/project/retire-program";

type Outputs = Readonly<Record<string, unknown>>;
const engineWith = (stacks: Readonly<Record<string, Outputs>>, secretOutputNames?: readonly string[]) => ({
  getOrganization: () => "acme",
  getProject: () => "shop",
  secret: (value: unknown) => ({ secret: value }),
  runtime: {
    invoke: async (_token: string, args: object): Promise<unknown> => ({
      outputs: stacks[(args as { readonly name: string }).name],
      secretOutputNames,
    }),
  },
});
const own = { environment: "dev", member: "blue", clusterName: "dev-blue" };
const fence = { environment: "dev", member: "blue", expectedRevision: 7 };
const stacks = { "acme/shop/dev": { record: { revision: 7 } }, "acme/shop/dev-blue": own };

describe("the program that a member is destroyed by", () => {
  it("declares nothing, and keeps what the stack says of itself until its resources are gone", async () => {
    assert.deepEqual(await retireProgram(engineWith(stacks), fence)(), own);
  });

  it("keeps secrets secret: the engine answers them in clear, and what is answered is written into the state", async () => {
    const answer = await retireProgram(engineWith(stacks, ["clusterName"]), fence)();
    assert.deepEqual(answer, { ...own, clusterName: { secret: "dev-blue" } });
  });

  it("throws inside the update when the record has moved on, or can't be read", async () => {
    for (const record of [{ revision: 8 }, { revision: 6 }, undefined])
      await assert.rejects(
        retireProgram(engineWith({ ...stacks, "acme/shop/dev": { record } }), fence)(),
        /^Error: EBG-FENCED: /,
      );
  });

  it("throws inside the update when the stack is another member's, another environment's, or none of ours", async () => {
    for (const other of [{ ...own, environment: "dev-eu" }, { ...own, member: "green" }, { bucket: "x" }])
      await assert.rejects(
        retireProgram(engineWith({ ...stacks, "acme/shop/dev-blue": other }), fence)(),
        /^Error: EBG-FOREIGN-STACK: stack 'dev-blue'/,
      );
  });

  it("goes on with a stack whose first update never ended, which has no outputs", async () => {
    const empty = { ...stacks, "acme/shop/dev-blue": {} };
    assert.deepEqual(await retireProgram(engineWith(empty), fence)(), {});
  });
});
