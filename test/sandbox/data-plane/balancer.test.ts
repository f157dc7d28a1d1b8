import assert from "node:assert/strict";
import { once } from "node:events";
import { DNS_NAME, eventually, flowListener, groupOf, httpPod, type Pod, Rig, received, tcpCheck, tcpPod } from "./rig";

/** 180 s become one second: long against a busy machine's hiccups. */
const SCALE = 180;
const LAG_MS = 1_000;
/** A choice of targets may be this old. */
const ROUTES_MS = 10;

describe("data plane: who gets new flows", function () {
  this.timeout(60_000);
  let rig: Rig;
  beforeEach(() => (rig = new Rig(SCALE)));
  afterEach(() => rig.close());

  it("gives a new target none within the registration lag although it is healthy, and some after it", async () => {
    const [a, b] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"));
    await rig.apply([a!.target()]);
    await rig.healthy(a!);
    const registeredAt = Date.now();
    await rig.apply([a!.target(), b!.target(registeredAt)]);
    await rig.healthy(b!);
    assert.ok(
      rig.health(b!, "healthy")!.heardAt < registeredAt + LAG_MS,
      "the health check was too slow for this test to mean anything",
    );
    let first = 0;
    let before = 0;
    await eventually("the new target answers", async () => {
      if ((await rig.ask()) === b!.address) first = Date.now();
      else before++;
      return first > 0;
    });
    assert.ok(first >= registeredAt + LAG_MS, `answered ${first - registeredAt} ms after its registration`);
    assert.ok(before > 0);
  });

  it("goes on giving flows to a deregistered target for the deregistration lag, and none after it", async () => {
    const [a, b] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"));
    await rig.apply([a!.target(), b!.target()]);
    await rig.healthy(a!, b!);
    const deregisteredAt = Date.now();
    await rig.apply([a!.target(), b!.target(undefined, { deregisteredAt })]);
    let during = 0;
    for (let after = 0; after < 50;) {
      const begun = Date.now();
      const who = await rig.ask();
      if (begun < deregisteredAt + LAG_MS) during += who === b!.address ? 1 : 0;
      else if (begun >= deregisteredAt + LAG_MS + ROUTES_MS) {
        after++;
        assert.equal(
          who,
          a!.address,
          `a flow begun ${begun - deregisteredAt} ms after the deregistration went to the old target`,
        );
      }
    }
    assert.ok(during > 0, "the danger that is modelled did not show");
  });

  it("keeps to that lag when the API lists the target no more (delay 0)", async () => {
    const [a, b] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"));
    await rig.apply([a!.target(), b!.target()]);
    await rig.healthy(a!, b!);
    await rig.apply([a!.target()], { deregistrationDelaySeconds: 0 });
    const seen = new Set<string>();
    await eventually("the old target still answers", async () => seen.add(await rig.ask()).has(b!.address), LAG_MS);
    await eventually("and stops", async () => {
      for (let i = 0; i < 20; i++) if ((await rig.ask()) === b!.address) return false;
      return true;
    });
  });

  it(
    "a target that is registered anew takes flows for the earlier registration's lag out, none then, and some " +
      "again after its own lag in",
    async () => {
      const [a, b] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"));
      await rig.apply([a!.target(), b!.target()]);
      await rig.healthy(a!, b!);
      const deregisteredAt = Date.now();
      await rig.apply([a!.target(), b!.target(undefined, { deregisteredAt })]);
      await eventually("half of the lag has passed", () => Date.now() - deregisteredAt > LAG_MS / 2);
      const again = Date.now();
      await rig.apply([a!.target(), b!.target(again)]);
      const seen = { out: 0, between: 0, in: 0 };
      await eventually("it is back", async () => {
        const begun = Date.now();
        if ((await rig.ask()) === b!.address) {
          if (begun < deregisteredAt + LAG_MS) seen.out++;
          else if (Date.now() >= again + LAG_MS) seen.in++;
          else if (begun >= deregisteredAt + LAG_MS + ROUTES_MS) seen.between++;
        }
        return seen.in > 5;
      });
      assert.ok(seen.out > 0);
      assert.equal(seen.between, 0);
    },
  );

  it("uses all registered targets when none is healthy, and the healthy ones alone as soon as there is one", async () => {
    let health = 500;
    const [a, b] = rig.add(await httpPod("10.0.0.1", () => health), await httpPod("10.0.0.2", () => 500));
    await rig.apply([a!.target(), b!.target()]);
    await eventually("both are unhealthy", () => [a!, b!].every((pod) => rig.health(pod, "unhealthy")));
    assert.equal(rig.health(b!, "unhealthy")?.reason, "Target.ResponseCodeMismatch");
    const seen = new Set<string>();
    await eventually("both answer", async () => seen.add(await rig.ask()).size === 2);
    health = 200;
    await rig.healthy(a!);
    for (let i = 0; i < 30; i++) assert.equal(await rig.ask(), a!.address);
  });

  it("refuses with a reset when there is no target", async () => {
    await rig.apply([]);
    await assert.rejects(rig.ask(), { code: "ECONNRESET" });
    assert.equal(rig.balancer.stats().listeners.listener?.refused, 1);
    assert.deepEqual(
      rig.losses.map(({ loss, listener, target }) => [loss, listener, target]),
      [["no target", `${DNS_NAME}:80`, undefined]],
    );
  });

  it("lets requests fail when a target crashes, until its health check has shown it and the lag is over", async () => {
    const [a, b] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"));
    await rig.apply([a!.target(), b!.target()]);
    await rig.healthy(a!, b!);
    b!.kill();
    await eventually("a request fails", async () =>
      rig.ask().then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === "ECONNRESET",
      ),
    );
    assert.ok(rig.balancer.stats().targets["10.0.0.2:8080"]!.failed > 0);
    const [first] = rig.losses;
    assert.deepEqual(
      [first?.loss, first?.target, first?.deregisteredMs],
      ["refused by the target", "10.0.0.2:8080", null],
    );
    await eventually("it is unhealthy", () => rig.health(b!, "unhealthy") !== undefined);
    await eventually("nothing fails any more", async () => {
      for (let i = 0; i < 30; i++)
        if (
          await rig.ask().then(
            () => false,
            () => true,
          )
        )
          return false;
      return true;
    });
  });

  it("counts flows that a target breaks off apart from those that a client does", async () => {
    const [a] = rig.add(await tcpPod("10.0.0.1", (socket) => socket.on("data", (data) => socket.write(data))));
    await rig.apply([a!.target()], { healthCheck: tcpCheck });
    await rig.healthy(a!);
    const talking = async () => {
      const client = rig.connect();
      client.on("error", () => undefined).write("hello");
      await once(client, "data");
      return client;
    };
    (await talking()).resetAndDestroy();
    await eventually("the client's reset has ended the flow", () => rig.open(a!) === 0);
    assert.deepEqual(rig.losses, []);
    assert.equal(rig.balancer.stats().targets["10.0.0.1:8080"]?.reset, 0);
    await talking();
    a!.kill();
    await eventually("the target's reset is counted", () => rig.balancer.stats().targets["10.0.0.1:8080"]?.reset === 1);
  });

  it("leaves a client waiting for a target that security groups cut off, and calls that target unhealthy by time-out", async () => {
    const [a] = rig.add(await httpPod("10.0.0.1"));
    await rig.apply([a!.target(undefined, { reachable: false })]);
    await eventually("it is unhealthy", () => rig.health(a!, "unhealthy")?.reason === "Target.Timeout");
    const begun = Date.now();
    await assert.rejects(rig.ask(), { code: "ECONNRESET" });
    // Ten seconds of a client's patience, scaled.
    assert.ok(Date.now() - begun >= 10_000 / SCALE - 2);
    assert.equal(a!.sockets.size, 0, "no packet reached the pod");
    assert.equal(rig.balancer.stats().targets["10.0.0.1:8080"]?.failed, 1);
  });

  it("keeps a flow on its target, whatever happens to the set of targets", async () => {
    const pods = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2"), await httpPod("10.0.0.3"));
    await rig.apply([pods[0]!.target()]);
    await rig.healthy(pods[0]!);
    const socket = rig.connect();
    const everything = received(socket);
    let text = "";
    socket.on("data", (data) => (text += data.toString("latin1")));
    for (let n = 1; n <= 20; n++) {
      socket.write("GET / HTTP/1.1\r\nHost: lb\r\n\r\n");
      await eventually(`answer ${n}`, () => text.split("x-pod: 10.0.0.1\r\n").length - 1 === n);
      if (n === 5) await rig.apply(pods.map((pod) => pod.target()));
      if (n === 10) await rig.apply([pods[0]!.target(undefined, { deregisteredAt: Date.now() }), pods[1]!.target()]);
    }
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n");
    assert.doesNotMatch(await everything, /x-pod: 10\.0\.0\.[23]/);
  });

  it("reaches an instance target, and checks it, at its address", async () => {
    const [node] = rig.add(await httpPod("10.0.0.9"));
    await rig.apply([node!.target(undefined, { id: "i-0123456789abcdef0" })]);
    await eventually("it is healthy under its own name", () =>
      rig.heard.some((m) => m.type === "health" && m.id === "i-0123456789abcdef0" && m.state === "healthy"),
    );
    assert.equal(await rig.ask(), "10.0.0.9");
    assert.equal(rig.balancer.stats().targets["i-0123456789abcdef0:8080"]?.accepted, 1);
  });

  it("spreads new flows evenly", async () => {
    const pods = rig.add(...(await Promise.all([1, 2, 3, 4].map((n) => httpPod(`10.0.0.${n}`)))));
    await rig.apply(
      pods.map((pod) => pod.target()),
      { healthCheck: tcpCheck },
    );
    await rig.healthy(...pods);
    const counts = new Map(pods.map((pod) => [pod.address, 0]));
    for (let round = 0; round < 40; round++) {
      for (const who of await Promise.all(Array.from({ length: 20 }, () => rig.ask())))
        counts.set(who, (counts.get(who) ?? 0) + 1);
    }
    assert.equal(counts.size, 4);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0);
    assert.ok(chi < 27, `chi-square ${chi} of ${[...counts.values()].join()}: less than one run in 100,000 by chance`);
  });
});

describe("data plane: weights of new flows", function () {
  this.timeout(60_000);
  let rig: Rig;
  let blue: Pod;
  let green: Pod;
  beforeEach(async () => {
    // 300 s become 1.67 s.
    rig = new Rig(SCALE);
    [blue, green] = rig.add(await httpPod("10.0.0.1"), await httpPod("10.0.0.2")) as [Pod, Pod];
  });
  afterEach(() => rig.close());
  const WEIGHT_LAG_MS = 300_000 / SCALE;
  const groups = () => [groupOf("blue", [blue.target()]), groupOf("green", [green.target()])];
  const share = async (of: Pod, flows: number): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: flows }, () => rig.ask()));
    return answers.filter((who) => who === of.address).length / flows;
  };

  it("divide them within three standard deviations", async () => {
    await rig.applyGroups({ blue: 90, green: 10 }, groups());
    await rig.healthy(blue, green);
    const flows = 1_000;
    const seen = await share(green, flows);
    assert.ok(Math.abs(seen - 0.1) <= 3 * Math.sqrt((0.1 * 0.9) / flows), `green had ${seen} of the flows`);
  });

  it("give a group with weight 0 none, and its targets are checked all the same", async () => {
    await rig.applyGroups({ blue: 100, green: 0 }, groups());
    await rig.healthy(blue, green);
    assert.equal(await share(green, 200), 0);
  });

  it("are followed by the nodes one after the other: the old group serves on for the lag, and not after it", async () => {
    await rig.applyGroups({ blue: 100, green: 0 }, groups());
    await rig.healthy(blue, green);
    const changedAt = Date.now();
    await rig.applyGroups({ blue: 0, green: 100 }, groups());
    let lastOfBlue = 0;
    let firstOfGreen = Infinity;
    while (Date.now() < changedAt + WEIGHT_LAG_MS) {
      const begunAt = Date.now();
      if ((await rig.ask()) === blue.address) lastOfBlue = begunAt;
      else firstOfGreen = Math.min(firstOfGreen, begunAt);
    }
    assert.ok(lastOfBlue - changedAt > WEIGHT_LAG_MS / 2, `blue's last flow began after ${lastOfBlue - changedAt} ms`);
    assert.ok(firstOfGreen < lastOfBlue, "for a while the nodes did not agree");
    assert.equal(await share(blue, 100), 0);
  });

  it("who deletes the old group within the lag loses no flow by that alone; who ends its pods does", async () => {
    await rig.applyGroups({ blue: 100, green: 0 }, groups());
    await rig.healthy(blue, green);
    await rig.applyGroups({ green: 100 }, [groupOf("green", [green.target()])]);
    assert.ok((await share(blue, 50)) > 0, "no node goes by the old action");
    blue.kill();
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => rig.ask()));
    assert.ok(
      outcomes.some((one) => one.status === "rejected"),
      "nothing was lost",
    );
    await eventually("no node goes by the old action", async () => {
      const later = await Promise.allSettled(Array.from({ length: 30 }, () => rig.ask()));
      return later.every((one) => one.status === "fulfilled" && one.value === green.address);
    });
  });

  it("keep a source address at its group where they are sticky", async () => {
    rig.balancer.apply({
      listeners: [flowListener({ blue: 50, green: 50 }, 60)],
      targetGroups: groups(),
    });
    await rig.healthy(blue, green);
    const seen = await share(green, 60);
    assert.ok(seen === 0 || seen === 1, `green had ${seen} of one client's flows`);
  });
});
