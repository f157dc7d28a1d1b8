import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { EvacuationPort, Leftover, Ports, TeardownPort } from "../../../automation/ports";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { runEvacuate } from "../../../automation/commands/evacuate";
import { runTeardown, type TeardownResult } from "../../../automation/commands/teardown";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import { ProtectedClusters, protectedConfig } from "../protected-clusters";
import { config as values, Killed, World } from "../world";

const config = parseEnvironmentConfig(values, { environment: "dev" });

/** Two members in traffic, and their end. */
class Ending extends World {
  environmentDestroyed = false;
  left: Leftover[] = [];
  /** What clusters made by themselves. */
  inTheWay: Leftover[] = [];
  /** Whether nobody may look for what a cluster leaves behind. */
  unseen = false;
  /** Why the environment's stack is not destroyed. */
  refusal: DriverError | null = null;

  constructor() {
    super();
    this.record = {
      ...this.record,
      placement: {
        blue: this.record.placement["blue"]!,
        green: { role: "active", version: "1.34", workload: "running" },
      },
    };
    this.clusters.set("green", this.member("1.34", true));
    this.reconcile();
    this.now += 600_000;
  }
  override environmentOutputs(): EnvironmentOutputs {
    return { ...super.environmentOutputs(), config };
  }
  readonly denied = new Set<string>();
  readonly forgotten: string[] = [];

  kill(...names: readonly string[]): void {
    for (const name of names) this.clusters.get(name)!.reachable = false;
  }
  override outputs(name: string): ReturnType<World["outputs"]> {
    const outputs = super.outputs(name);
    return outputs === null ? null : { ...outputs, controller: { ...outputs.controller, roleName: `${name}-role` } };
  }
  private evacuation(): EvacuationPort {
    const memberOf = (id: string): string => this.targets.get(id)?.member ?? "";
    return {
      // A controller that is denied does not put back what was taken.
      denyRegistering: async (role) => {
        this.denied.add(role);
        for (const id of this.pods(role.replace(/-role$/, ""))) this.taken.add(id);
        return "denied";
      },
      registeringDenied: async (role) => this.denied.has(role),
      allowRegistering: async (role) => void this.denied.delete(role),
      ownersOf: async (ids) =>
        Object.fromEntries(ids.map((id) => [id, { clusters: [`dev-${memberOf(id)}`], via: "eni-1" }])),
      forgetKubernetesObjects: async (member) => {
        this.forgotten.push(member);
        return 7;
      },
      leftBehind: async (cluster) => {
        if (this.unseen) throw new DriverError("EBG-CREDENTIALS", "AWS refuses ec2:DescribeVolumes", "permit it");
        return this.inTheWay.filter(({ id }) => id.endsWith(cluster));
      },
    };
  }
  override ports(): Ports & { readonly evacuation: EvacuationPort } {
    return { ...super.ports(), evacuation: this.evacuation() };
  }
  evacuate(member: string): Promise<RolloutResult> {
    const never = new AbortController().signal;
    return runEvacuate(this.ports(), values, {
      environment: "dev",
      member,
      controllerIsStopped: false,
      why: null,
      emit: (event) => this.events.push(event),
      stop: never,
      cancel: never,
      approveRetire: async () => false,
      commandName: `eks-blue-green evacuate ${member} --stack dev`,
      probes: true,
    });
  }
  asked = 0;
  async teardown(more: Readonly<Record<string, string>> = {}): Promise<TeardownResult> {
    this.events = [];
    const never = new AbortController().signal;
    const port: TeardownPort = {
      protectedResources: async () => 0,
      previewEnvironmentDestroy: async () => ({ operations: [], plan: "" }),
      destroyEnvironment: async () => {
        if (this.refusal !== null) throw this.refusal;
        this.environmentDestroyed = true;
        return { changes: {}, seconds: 1 };
      },
      leftovers: async () => this.left,
      madeForServices: async () => [],
      inTheWay: async () => this.inTheWay,
      usersOfGroup: async () => [],
    };
    return await runTeardown(
      { ...this.ports(), teardown: port },
      { ...values, ...more },
      {
        environment: "dev",
        emit: (event) => this.events.push(event),
        stop: never,
        cancel: never,
        approveRetire: async () => true,
        commandName: "eks-blue-green teardown --stack dev --yes-delete dev",
        probes: true,
        confirm: async () => {
          this.asked += 1;
          return "dev";
        },
      },
    );
  }
  moves(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
  }
  gone(): void {
    assert.deepEqual([...this.clusters.keys()], []);
    assert.ok(this.environmentDestroyed);
  }
}

describe("teardown", () => {
  it("drains, stops and destroys everybody, then the environment", async () => {
    const world = new Ending();
    const result = await world.teardown();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.moves(), [
      "drain blue",
      "drain green",
      "scale blue",
      "scale green",
      "retire blue",
      "retire green",
    ]);
    world.gone();
  });

  it("takes EKS's deletion protection off each cluster before it goes, and finishes what was killed between", async () => {
    const world = new Ending();
    const clusters = new ProtectedClusters(world);
    clusters.killAfter = "green off";
    await assert.rejects(world.teardown(protectedConfig), Killed);
    assert.deepEqual(clusters.asked, ["blue off", "destroy blue", "green off"]);
    world.dead = false;
    const result = await world.teardown(protectedConfig);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(clusters.asked.slice(3), ["destroy green"]);
    world.gone();
  });

  it("does not ask whether those that go later are healthy, or answer", async () => {
    const world = new Ending();
    world.clusters.get("green")!.sick = true;
    world.erring.add("green");
    const result = await world.teardown();
    assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
    world.gone();
  });

  it("is not begun, and nobody is asked, when a hook's program is not there; once begun that is advice", async () => {
    const world = new Ending();
    const hooks = {
      "eks-blue-green:hooks": JSON.stringify([{ name: "leave", at: "before-retire", command: ["./leave.sh"] }]),
    };
    world.noPrograms.add("./leave.sh");
    const refused = { code: "EBG-PREFLIGHT", message: "hook leave (before-retire) can't be run: it is not there" };
    await assert.rejects(world.teardown(hooks), refused);
    assert.deepEqual([world.record.rollout, world.asked], [null, 0]);
    world.noPrograms.clear();
    world.hook = () => ({ kind: "failed", why: "it ended with 1" });
    assert.equal((await world.teardown(hooks)).code, "EBG-HOOK");
    world.noPrograms.add("./leave.sh");
    world.hook = () => ({ kind: "done" });
    const result = await world.teardown(hooks);
    assert.equal(result.outcome, "done", result.message);
    assert.ok(world.events.some((event) => event.kind === "finding" && event.message === refused.message));
    world.gone();
  });

  describe("of clusters that leave something in the network", () => {
    const left = (id: string): Leftover => ({ what: "network interface", id, command: `aws ec2 delete ${id}` });
    const told = (world: Ending): string[] =>
      world.events.flatMap((event) =>
        event.kind === "finding" ? [`${event.severity}: ${event.message} → ${event.remedy}`] : [],
      );

    it("names it after the cluster and before the environment, with the commands", async () => {
      const world = new Ending();
      world.inTheWay = [left("eni-dev-blue")];
      assert.equal((await world.teardown()).outcome, "done");
      assert.deepEqual(told(world), [
        "recommended: dev-blue is destroyed, but EC2 still has of it: network interface eni-dev-blue → look at them " +
          "and delete what nobody needs, nobody else will:\naws ec2 delete eni-dev-blue",
        "recommended: network interface eni-dev-blue of a destroyed cluster is still there; the network that it is in " +
          "can't go before it → aws ec2 delete eni-dev-blue",
      ]);
    });

    it("says when the environment's destroy fails what is in its way, and goes on when that is gone", async () => {
      const world = new Ending();
      world.inTheWay = [left("eni-dev-green")];
      world.refusal = new DriverError("EBG-UPDATE-FAILED", "DependencyViolation: subnet-1 has dependencies", "again");
      await assert.rejects(world.teardown(), (error: DriverError) => {
        assert.equal(error.code, "EBG-UPDATE-FAILED");
        assert.match(error.message, /^DependencyViolation.*\nin its way: network interface eni-dev-green$/);
        assert.match(error.remedy, /^aws ec2 delete eni-dev-green\nthen go on with: eks-blue-green teardown/);
        return true;
      });
      world.inTheWay = [];
      await assert.rejects(world.teardown(), (error: DriverError) => error.message === world.refusal?.message);
      world.refusal = null;
      assert.equal((await world.teardown()).outcome, "done");
      world.gone();
    });

    it("destroys its member also when nobody may look", async () => {
      const world = new Ending();
      world.unseen = true;
      assert.equal((await world.teardown()).outcome, "done");
      assert.ok(
        world.events.some((event) => event.kind === "note" && /dev-blue left behind .* not looked/.test(event.message)),
      );
    });
  });

  describe("of a member whose first update failed, so that its stack has no outputs", () => {
    const failed = (): Ending => {
      const world = new Ending();
      world.clusters.delete("blue");
      return world;
    };
    const isBlues = (id: string): boolean => id.startsWith("10.42.1.");

    it("destroys it as it is", async () => {
      const world = failed();
      for (const id of [...world.targets.keys()].filter(isBlues)) world.targets.delete(id);
      const result = await world.teardown();
      assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
      assert.deepEqual(world.moves(), [
        "drain blue",
        "drain green",
        "scale blue",
        "scale green",
        "retire blue",
        "retire green",
      ]);
      assert.deepEqual(
        world.calls.filter((call) => call === "apply" || call === "destroy"),
        ["apply", "apply", "destroy", "destroy"],
        "only green is updated",
      );
      world.gone();
    });

    it("but not while a target is registered that may be its own", async () => {
      const world = failed();
      const result = await world.teardown();
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"]);
      assert.match(
        result.message,
        /could not drain blue: its stack has no outputs.*3 targets may be its own.*web: 10\.42\.1\.1:8080/,
      );
      assert.match(result.remedy ?? "", /pulumi up --stack dev-blue/);
      assert.deepEqual(world.record.placement["blue"]?.role, "active");
      for (const id of [...world.targets.keys()].filter(isBlues)) world.targets.delete(id);
      assert.equal((await world.teardown()).outcome, "done");
      world.gone();
    });

    it("nor while another member can't be asked which targets are its own", async () => {
      const world = failed();
      world.kill("green");
      const result = await world.teardown();
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"]);
      assert.match(
        result.message,
        /could not drain blue: its stack has no outputs, so what is registered may be its own, and green can't be asked/,
      );
      assert.match(result.remedy ?? "", /eks-blue-green evacuate green --stack dev/);
      assert.doesNotMatch(result.remedy ?? "", /deregister/);
    });
  });

  describe("of members whose API servers are gone", () => {
    const stopsAt = (result: TeardownResult, member: string): void => {
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-MEMBER-UNREACHABLE"], result.message);
      assert.match(result.message, new RegExp(`could not (drain|scale) ${member}: its API server does not answer`));
      assert.match(
        result.remedy ?? "",
        new RegExp(`eks-blue-green evacuate ${member} --stack dev, then this command again`),
      );
    };
    for (const dead of [["blue"], ["green"], ["blue", "green"]])
      it(`goes on once they are evacuated: ${dead.join(" and ")}`, async () => {
        const world = new Ending();
        world.kill(...dead);
        for (const member of dead) {
          stopsAt(await world.teardown(), member);
          const evacuated = await world.evacuate(member);
          assert.equal(evacuated.outcome, "done", evacuated.message);
          assert.match(evacuated.remedy ?? "", /eks-blue-green teardown --stack dev/);
          assert.deepEqual(
            [
              world.record.rollout?.command?.name,
              world.record.evacuation ?? null,
              world.record.placement[member]?.role,
            ],
            ["teardown", null, "standby"],
          );
        }
        const result = await world.teardown();
        assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
        assert.deepEqual(world.forgotten, dead);
        world.gone();
      });

    it("goes on when the last one dies after it was drained", async () => {
      const world = new Ending();
      world.clusters.get("blue")!.sick = true;
      world.watch = () => {
        if (world.clusters.get("green")?.bound === false) world.kill("green");
      };
      stopsAt(await world.teardown(), "green");
      world.watch = () => undefined;
      assert.equal((await world.evacuate("green")).outcome, "done");
      assert.equal((await world.teardown()).outcome, "done");
      world.gone();
    });

    it("destroys an evacuated member that answers again: nobody puts it in order any more", async () => {
      const world = new Ending();
      world.kill("blue");
      await world.teardown();
      await world.evacuate("blue");
      world.clusters.get("blue")!.reachable = true;
      const result = await world.teardown();
      assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
      assert.deepEqual(world.forgotten, []);
      world.gone();
    });

    it("is still refused to begin or go on while the evacuation is not finished, and for a member that is well", async () => {
      const world = new Ending();
      await assert.rejects(
        world.evacuate("blue"),
        (error: DriverError) => error.code === "EBG-EVACUATE" && /needs no evacuation/.test(error.message),
      );
      world.kill("blue");
      await world.teardown();
      const { ports } = world;
      world.ports = () => ({
        ...ports.call(world),
        aws: {
          ...ports.call(world).aws,
          deregister: () => Promise.reject(new DriverError("EBG-AWS", "throttled", "wait")),
        },
      });
      await assert.rejects(world.evacuate("blue"), { code: "EBG-AWS" });
      assert.equal(world.record.evacuation?.teardown, true);
      await assert.rejects(
        world.teardown(),
        (error: DriverError) => error.code === "EBG-EVACUATE" && /blue is being evacuated/.test(error.message),
      );
      world.ports = ports;
      assert.equal((await world.evacuate("blue")).outcome, "done");
      assert.equal((await world.teardown()).outcome, "done");
      world.gone();
    });
  });
});
