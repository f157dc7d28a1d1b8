import assert from "node:assert/strict";
import { onInterrupt, type Interrupt } from "../../../automation/cli/interrupt";

describe("interrupting a command", () => {
  let told: string[];
  let interrupt: Interrupt;
  const send = (...signals: NodeJS.Signals[]): void => {
    for (const signal of signals) process.emit(signal, signal);
  };
  const state = (): readonly boolean[] => [interrupt.signal.aborted, interrupt.cancel.aborted];
  beforeEach(() => {
    told = [];
    interrupt = onInterrupt((message) => told.push(message));
  });
  afterEach(() => interrupt.dispose());

  it("stops at the next safe point at the first signal, and cancels the engine when it comes again", () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      send(signal);
      assert.deepEqual(state(), [true, false], signal);
      send(signal);
      assert.deepEqual(state(), [true, true], signal);
      interrupt.dispose();
      interrupt = onInterrupt((message) => told.push(message));
    }
  });

  it("cancels nothing when a CI system presses on: SIGINT, then SIGTERM", () => {
    send("SIGINT", "SIGTERM", "SIGTERM");
    assert.deepEqual(state(), [true, false]);
    assert.match(told.at(-1) ?? "", /the engine goes on/);
    send("SIGINT");
    assert.deepEqual(state(), [true, true], "a person's second Ctrl-C still does");
  });

  it("ends with the command", () => {
    interrupt.dispose();
    const others = process.listenerCount("SIGTERM");
    const another = onInterrupt(() => undefined);
    assert.equal(process.listenerCount("SIGTERM"), others + 1);
    another.dispose();
    assert.equal(process.listenerCount("SIGTERM"), others);
  });
});
