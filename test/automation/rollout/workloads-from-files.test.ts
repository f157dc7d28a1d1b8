import assert from "node:assert/strict";
import type { MemberOutputs } from "../../../stacks/contract";
import type { ExternalQuery, ExternalWorkload } from "../../../automation/ports/external-workload";
import { DriverError } from "../../../automation/errors";
import { config, World } from "../world";

const services = (more: object = {}, workload = "manifests"): Readonly<Record<string, string>> => ({
  "eks-blue-green:services": JSON.stringify([
    {
      ...{ name: "web", namespace: "web", workload, port: 80, targetPort: 8080, servicePort: 80 },
      [workload]: { path: "./m", ...more },
    },
  ]),
});
const rollout = { strategy: "replace", bakeSeconds: 300, gateTimeoutSeconds: 600 };
const settings = { ...services(), "eks-blue-green:rollout": JSON.stringify(rollout) };
const deployment = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "web" };

/** Every member's stack makes `web` of files. Nothing here may read, scale or stop it as if the driver had written it. */
class FromFiles extends World {
  /** Images that run, where they are not the usual one. */
  readonly images = new Map<string, string>();
  readonly failed = new Set<string>();
  readonly asked: ExternalQuery[] = [];

  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) return null;
    const web = { ...outputs.services["web"]!, workload: "manifests" as const, deployment: null, selector: {} };
    return { ...outputs, services: { web }, workloadFiles: { resources: [], ready: { web: [deployment] } } };
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const never = (): never => {
      throw new Error("a workload from files was asked for as if it was managed");
    };
    const read = async ({ member }: MemberOutputs, query: ExternalQuery): Promise<ExternalWorkload> => {
      this.asked.push(query);
      const status = this.failed.has(member) ? ("failed" as const) : ("current" as const);
      return {
        service: { selects: true, ports: [80] },
        pods: { total: 3, ready: 3 },
        images: [this.images.get(member) ?? "sha256:1"],
        objects: query.ready.map(({ kind, name }) => ({ kind, name, status, message: "no image" })),
      };
    };
    return { ...own, kubernetes: { ...own.kubernetes, deployment: never, pods: never, externalWorkload: read } };
  }
  moves(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
  }
}

describe("an upgrade whose workloads come from files", () => {
  it("goes through without writing them: nothing is scaled, stopped or asked of anybody", async () => {
    const world = new FromFiles();
    const automatic = { ...settings, "eks-blue-green:rollout": JSON.stringify({ ...rollout, retire: "automatic" }) };
    const { asksForApproval, waitsForExternal } = await world.plan({ ...config, ...automatic });
    assert.deepEqual([asksForApproval, waitsForExternal], [false, undefined]);
    const result = await world.upgrade({ config: automatic, approveRetire: false });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.moves(), ["provision green", "admit green", "drain blue", "retire blue"]);
    assert.equal(world.failingMs, 0);
  });

  it("waits for what the files' pods are run by, and for what the config names besides", async () => {
    const world = new FromFiles();
    const more = { ready: [{ kind: "Job", name: "migrate", apiVersion: "batch/v1" }] };
    const result = await world.upgrade({ config: { ...settings, ...services(more) } });
    assert.equal(result.outcome, "done", result.message);
    const kinds = new Set(world.asked.map(({ ready }) => ready.map(({ kind, name }) => `${kind} ${name}`).join()));
    assert.deepEqual([...kinds], ["Deployment web,Job migrate"]);
    assert.ok(
      world.events.some(
        (event) =>
          event.kind === "gate" &&
          event.gate === "workloads from files are ready on green" &&
          event.status === "passed",
      ),
    );
  });

  it("stops before anything is moved where they don't get ready, and sends to the files", async () => {
    const world = new FromFiles();
    world.failed.add("green");
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "stopped", result.message);
    assert.match(result.message, /green is not let in yet: .*Deployment web on green has failed: no image/);
    assert.match(result.remedy ?? "", /correct the files and deploy them \(eks-blue-green up\), .*go on with:/);
    world.failed.clear();
    const again = await world.upgrade({ config: settings });
    assert.equal(again.outcome, "done", again.message);
    assert.equal(world.failingMs, 0);
  });

  it("lets in no other images than those that serve: the same files are for all, unless the config says otherwise", async () => {
    const world = new FromFiles();
    world.images.set("green", "sha256:2");
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "stopped");
    assert.match(result.remedy ?? "", /deploy the same files to all members .*services\[\]\.manifests\.images to any/);
    const again = await world.upgrade({ config: { ...settings, ...services({ images: "any" }) } });
    assert.equal(again.outcome, "done", again.message);
  });

  it("names the config's key for images by where the workload comes from: a chart has its own", async () => {
    const world = new FromFiles();
    world.images.set("green", "sha256:2");
    const ofChart = (more: object = {}) => ({ ...settings, ...services(more, "chart") });
    const result = await world.upgrade({ config: ofChart() });
    assert.match(result.remedy ?? "", /deploy the same files to all members .*services\[\]\.chart\.images to any/);
    const again = await world.upgrade({ config: ofChart({ images: "any" }) });
    assert.equal(again.outcome, "done", again.message);
  });

  it("looks at a chart as the new member would have it before anything is begun", async () => {
    const world = new FromFiles();
    const settingsOf = { ...settings, ...services({}, "chart") };
    const looks: unknown[] = [];
    const own = world.ports();
    let isBroken = true;
    const preview: typeof own.pulumi.preview = async (stack, context, ...more) => {
      if (context?.kind === "look") looks.push(context);
      if (context?.kind === "look" && isBroken) throw new DriverError("EBG-UPDATE-FAILED", "needs <1.35", "correct it");
      return await own.pulumi.preview(stack, context, ...more);
    };
    world.ports = () => ({ ...own, pulumi: { ...own.pulumi, preview } });
    await assert.rejects(
      world.upgrade({ config: settingsOf }),
      /can't be previewed: needs <1\.35; the member that is to be made needs it/,
    );
    assert.equal(world.record.rollout, null);
    assert.deepEqual(looks, [{ kind: "look", kubernetesVersion: "1.35" }]);
    isBroken = false;
    const done = await world.upgrade({ config: settingsOf });
    assert.equal(done.outcome, "done", done.message);
  });

  it("goes back without waiting: what runs on the old member has never stopped", async () => {
    const world = new FromFiles();
    const halfway = await world.upgrade({ config: settings, approveRetire: false });
    assert.equal(halfway.outcome, "stopped");
    assert.doesNotMatch(halfway.message, /still run there/);
    const back = await world.run({ name: "rollback", member: null, percent: null }, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.equal(world.failingMs, 0);
  });
});
