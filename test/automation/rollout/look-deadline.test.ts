import assert from "node:assert/strict";
import { Stop } from "../../../automation/rollout/interruptions";
import { withinDeadline } from "../../../automation/rollout/look-deadline";
import { World } from "../world";

const never = new Promise<never>(() => undefined);

describe("a look that does not end", () => {
  it("is given up at its deadline", async () => {
    const options = { stop: new AbortController().signal, commandName: "upgrade" };
    assert.equal(await withinDeadline(never, options, 5), null);
    assert.equal(await withinDeadline(Promise.resolve(1), options, 5000), 1);
    await assert.rejects(withinDeadline(Promise.reject(new Error("no")), options, 5000), /no/);
  });

  it("does not keep somebody from stopping the run: the record says where it goes on", async () => {
    const world = new World();
    const stop = new AbortController();
    const inner = world.ports.bind(world);
    let hangs = true;
    world.ports = () => {
      const ports = inner();
      return {
        ...ports,
        aws: {
          ...ports.aws,
          probe: async (url, count) => {
            if (!hangs || world.record.intent?.move.kind !== "admit") return await ports.aws.probe(url, count);
            setTimeout(() => stop.abort(), 10);
            return await never;
          },
        },
      };
    };
    const result = await world.upgrade({ stop: stop.signal });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"]);
    assert.equal(world.record.intent?.move.kind, "admit");
    hangs = false;
    assert.equal((await world.upgrade()).outcome, "done");
  });

  it("ends as a stop, not as a failure", async () => {
    const stop = new AbortController();
    const asked = withinDeadline(never, { stop: stop.signal, commandName: "upgrade" }, 60_000);
    stop.abort();
    await assert.rejects(asked, Stop);
  });
});
