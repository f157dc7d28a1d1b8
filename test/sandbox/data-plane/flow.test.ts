import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { eventually, type Pod, received, Rig, tcpCheck, tcpPod } from "./rig";

const SCALE = 180;
const SIZE = 4 * 1024 * 1024;

describe("data plane: flows", function () {
  this.timeout(60_000);
  let rig: Rig;
  beforeEach(() => (rig = new Rig(SCALE)));
  afterEach(() => rig.close());

  /** One pod that calls `served` with the first bytes of a connection; health checks bring none. */
  async function onePod(served: (socket: net.Socket, first: Buffer) => void): Promise<Pod> {
    const [pod] = rig.add(
      await tcpPod("10.0.0.1", (socket) => {
        const checked = (): void => void socket.end();
        socket.once("end", checked);
        socket.once("data", (first) => {
          socket.off("end", checked);
          served(socket, first);
        });
      }),
    );
    await rig.apply([pod!.target()], { healthCheck: tcpCheck });
    await rig.healthy(pod!);
    return pod!;
  }

  it("shows the client a target's reset as a reset", async () => {
    const pod = await onePod((socket) => socket.resetAndDestroy());
    const client = rig.connect();
    client.write("x");
    await assert.rejects(received(client), { code: "ECONNRESET" });
    await eventually("the flow is over", () => rig.open(pod) === 0);
  });

  it("shows the client a target's end as an end, after all its bytes", async () => {
    const pod = await onePod((socket) => {
      socket.end(Buffer.alloc(SIZE, "a"));
    });
    const client = rig.connect();
    client.write("x");
    assert.equal((await received(client)).length, SIZE);
    await eventually("the flow is over", () => rig.open(pod) === 0);
  });

  it("shows the target a client's reset as a reset", async () => {
    let code: string | undefined;
    await onePod((socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
      client.resetAndDestroy();
    });
    const client = rig.connect();
    client.write("x");
    await eventually("the target sees the reset", () => code === "ECONNRESET");
  });

  it("shows the target a client's end as an end, and carries on the other way (half-close)", async () => {
    const pod = await onePod((socket, first) => {
      let size = first.length;
      socket.on("data", (data) => (size += data.length));
      socket.on("end", () => socket.end(`${size} `.padEnd(SIZE, "b")));
    });
    const client = rig.connect({ allowHalfOpen: true });
    client.end(Buffer.alloc(SIZE, "a"));
    const answer = await received(client);
    assert.equal(answer.length, SIZE);
    assert.match(answer, new RegExp(`^${SIZE} `));
    await eventually("the flow is over", () => rig.open(pod) === 0);
  });

  it("holds a fast target back for a slow client, and loses nothing", async () => {
    let sent = 0;
    const pod = await onePod((socket) => {
      const more = (): void => {
        while (sent < 64 && socket.write(Buffer.alloc(1024 * 1024))) sent++;
        if (sent < 64) {
          sent++;
          socket.once("drain", more);
        } else socket.end();
      };
      more();
    });
    const client = rig.connect();
    client.write("x");
    client.pause();
    await eventually("the target has begun", () => sent > 0);
    let last = -1;
    let same = 0;
    await eventually(
      "the target is held back",
      () => ((same = sent === last ? same + 1 : 0), (last = sent), same > 40),
    );
    assert.ok(sent < 64, "the load balancer took all 64 MiB into its memory");
    let got = 0;
    client.on("data", (data) => (got += data.length));
    client.resume();
    await once(client, "end");
    assert.equal(got, 64 * 1024 * 1024);
    await eventually("the flow is over", () => rig.open(pod) === 0);
  });

  /** An echoing flow on a target that is then deregistered with a delay of 60 s, a third of a second here. */
  async function deregistered(connectionTermination: boolean): Promise<{
    client: net.Socket;
    deregisteredAt: number;
    echo: (text: string) => Promise<void>;
    failure: () => string | undefined;
    pod: Pod;
  }> {
    const [pod] = rig.add(await tcpPod("10.0.0.1", (socket) => socket.pipe(socket)));
    const group = { healthCheck: tcpCheck, deregistrationDelaySeconds: 60, connectionTermination };
    await rig.apply([pod!.target()], group);
    await rig.healthy(pod!);
    const client = rig.connect();
    let text = "";
    let code: string | undefined;
    client.on("data", (data) => (text += data.toString()));
    client.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
    const echo = async (word: string): Promise<void> => {
      client.write(word);
      await eventually(`echo of ${word}`, () => text.endsWith(word) || code !== undefined);
      assert.equal(code, undefined);
    };
    await echo("before");
    const deregisteredAt = Date.now();
    await rig.apply([pod!.target(undefined, { deregisteredAt })], group);
    return { client, deregisteredAt, echo, failure: () => code, pod: pod! };
  }

  it("resets the flows of a deregistered target at the end of the delay with connection termination", async () => {
    const { deregisteredAt, failure } = await deregistered(true);
    await eventually("the flow is cut", () => failure() !== undefined);
    assert.equal(failure(), "ECONNRESET");
    assert.ok(Date.now() - deregisteredAt >= 60_000 / SCALE);
  });

  it(
    "leaves them alone when the target was registered anew meanwhile, and resets them at the end of the next " +
      "deregistration's delay",
    async () => {
      const { deregisteredAt, echo, failure, pod } = await deregistered(true);
      const group = { healthCheck: tcpCheck, deregistrationDelaySeconds: 60, connectionTermination: true };
      await rig.apply([pod.target(Date.now())], group);
      await eventually(
        "delay and lag of the first are over",
        async () => (await echo("x"), Date.now() - deregisteredAt > 200_000 / SCALE),
      );
      const again = Date.now();
      await rig.apply([pod.target(again, { deregisteredAt: again })], group);
      await eventually("the flow is cut", () => failure() === "ECONNRESET");
      assert.ok(Date.now() - again >= 60_000 / SCALE);
    },
  );

  it("leaves them alone without it", async () => {
    const { deregisteredAt, echo } = await deregistered(false);
    // Past the delay and past the deregistration lag; never idle, for that would end it too.
    await eventually(
      "delay and lag are over",
      async () => (await echo("x"), Date.now() - deregisteredAt > 300_000 / SCALE),
    );
  });

  it("resets a flow that was idle for 350 s, not one that carries a byte meanwhile", async () => {
    await rig.close();
    rig = new Rig(350);
    const [pod] = rig.add(await tcpPod("10.0.0.1", (socket) => socket.pipe(socket)));
    await rig.apply([pod!.target()], { healthCheck: tcpCheck });
    await rig.healthy(pod!);
    const [idle, busy] = [rig.connect(), rig.connect()];
    let failed: string | undefined;
    const ended = received(busy);
    idle.on("error", (error: NodeJS.ErrnoException) => (failed = error.code));
    idle.write("x");
    const begun = Date.now();
    await eventually("the idle one is reset", () => (busy.write("x"), failed !== undefined));
    assert.equal(failed, "ECONNRESET");
    assert.ok(Date.now() - begun >= 1_000);
    busy.end();
    assert.match(await ended, /^x+$/);
  });
});
