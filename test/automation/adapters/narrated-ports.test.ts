import assert from "node:assert/strict";
import { Narrator, saying } from "../../../automation/adapters/narrated-ports";
import type { DriverEventBody } from "../../../automation/events";
import type { StackRef } from "../../../automation/ports";

/** As an adapter is: its methods need their own `this`. */
class Engine {
  readonly asked: string[] = [];
  async readEnvironment(): Promise<string> {
    this.asked.push("environment");
    return "outputs";
  }
  async preview(stack: StackRef): Promise<string> {
    this.asked.push(stack.kind);
    return await this.readEnvironment();
  }
  async writeRecord(): Promise<void> {
    this.asked.push("write");
  }
}

describe("ports that say what they are asked", () => {
  const narrated = () => {
    const events: DriverEventBody[] = [];
    const narrator = new Narrator("dev", (event) => events.push(event));
    const engine = new Engine();
    const said = (): string[] => events.flatMap((event) => (event.kind === "activity" ? [event.message] : []));
    return { narrator, engine, port: narrator.pulumi(engine), said, events };
  };

  it("say it before they ask, each thing once, and answer as before", async () => {
    const { port, engine, said } = narrated();
    assert.equal(await port.readEnvironment(), "outputs");
    assert.equal(await port.readEnvironment(), "outputs");
    await port.preview({ kind: "member", member: "blue" });
    await port.preview({ kind: "environment" });
    assert.deepEqual(said(), [
      "reading stack dev: where traffic is",
      "previewing stack dev-blue: changes that belong to no move",
      "previewing stack dev: changes that belong to no move",
    ]);
    assert.deepEqual(engine.asked.slice(0, 2), ["environment", "environment"]);
  });
  it("say nothing of calls that are somebody else's to tell, nor of what an adapter asks itself", async () => {
    const { port, said } = narrated();
    await port.writeRecord();
    await port.preview({ kind: "environment" });
    assert.deepEqual(said(), ["previewing stack dev: changes that belong to no move"]);
  });
  it("say nothing once a step has begun: its own events do", async () => {
    const { port, narrator, said, events } = narrated();
    const standby = { role: "standby", version: "1.35", workload: "running" } as const;
    const step = { type: "move", kind: "admit", member: "green", from: standby, to: standby } as const;
    narrator.emit({ kind: "step-started", index: 0, step, resumed: false });
    await port.readEnvironment();
    assert.deepEqual(said(), []);
    assert.equal(events.length, 1);
  });
  it("keep what is no method", () => {
    const port = saying({ limit: 3, ask: () => 4 }, { ask: () => null }, () => assert.fail("said"));
    assert.deepEqual([port.limit, port.ask()], [3, 4]);
  });
});
