import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { LockedError } from "../../../../../automation/adapters/pulumi/engine/failures";
import { editState } from "../../../../../automation/adapters/pulumi/state/edit";
import { adopt } from "../../../../../automation/adapters/pulumi/state/import-collisions";
import type { StackCli, State, StateResource } from "../../../../../automation/adapters/pulumi/state/export";
import { settle } from "../../../../../automation/adapters/pulumi/state/settle";
import { forgetComponent } from "../../../../../automation/adapters/pulumi/state/drop-component";
import { forgetObjects } from "../../../../../automation/adapters/pulumi/state/drop-kubernetes-objects";
import { DriverError } from "../../../../../automation/errors";

const stackUrn = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev";
const resource = (type: string, name: string, more: Partial<StateResource> = {}): StateResource => ({
  urn: `urn:pulumi:dev::p::${type}::${name}`,
  type,
  custom: true,
  id: name,
  parent: stackUrn,
  inputs: {},
  outputs: { here: true },
  ...more,
});
const service = resource("kubernetes:core/v1:Service", "web", {
  inputs: { metadata: { name: "web", namespace: "shop" } },
});

/** A backend as S3 has it: its locks can't be listed, and every write takes one. */
class Bucket implements StackCli {
  readonly notes: string[] = [];
  readonly options = {
    clock: { now: () => 0, sleep: async () => undefined, scaled: (seconds: number) => seconds },
    note: (message: string) => void this.notes.push(message),
  } as unknown as StackCli["options"];
  readonly written: State[] = [];
  serial = 0;
  /** An update of somebody else, and after how many questions it ends. */
  other: { looks: number; readonly end: (state: State) => void } | null = null;
  /** Somebody else's update between the last look and the write. */
  beforeImport: (() => void) | null = null;
  /** What a refresh does. */
  refreshed: (state: State) => void = () => undefined;

  constructor(public state: State) {}

  region = async (): Promise<string> => "eu-central-1";
  clusterOf = async (): Promise<null> => null;
  untilFree = async (): Promise<boolean> => false;
  async untilProvenFree(): Promise<boolean> {
    const held = this.other !== null;
    while (this.other !== null) this.tick();
    return held;
  }
  command(_stack: string, args: readonly string[]): Promise<string> {
    if (args[0] === "refresh") {
      this.refreshed(this.state);
      this.serial += 1;
      return Promise.resolve("");
    }
    return Promise.resolve(JSON.stringify({ serial: this.serial, ...this.state }));
  }
  async commandOnce(stack: string, args: readonly string[]): Promise<string> {
    assert.deepEqual(args.slice(0, 2), ["stack", "import"]);
    this.beforeImport?.();
    this.beforeImport = null;
    if (this.other !== null) {
      while (this.other !== null) this.tick();
      throw new LockedError(stack, null, null);
    }
    const { serial: _serial, ...state } = JSON.parse(readFileSync(args[3] ?? "", "utf8")) as State & { serial: number };
    this.state = state;
    this.written.push(state);
    this.serial += 1;
    return "";
  }
  tick(): void {
    if (this.other === null || (this.other.looks -= 1) > 0) return;
    this.other.end(this.state);
    this.serial += 1;
    this.other = null;
  }
  get names(): string[] {
    return (this.state.deployment?.resources ?? []).map(({ id, urn }) => id ?? urn);
  }
}

const finished = (state: State): void => {
  const { resources = [] } = state.deployment ?? {};
  state.deployment = { resources: [...resources, resource("aws:ec2/vpc:Vpc", "made-by-other")] };
};
const busy = (): State => ({
  deployment: {
    resources: [resource("pulumi:pulumi:Stack", "p-dev", { urn: stackUrn, parent: undefined })],
    pending_operations: [{ resource: { ...service, id: "" }, type: "creating" }],
  },
});

describe("a state that somebody else saves meanwhile", () => {
  it("is decided on only when nobody holds the stack", async () => {
    const bucket = new Bucket(busy());
    bucket.other = { looks: 2, end: finished };
    const settled = await settle(bucket, "dev");
    assert.deepEqual(bucket.written, [], "the operations were those of an update that ended well");
    assert.deepEqual(settled, { adopted: 0, cleared: 0, refreshed: 0 });
    assert.deepEqual(bucket.notes, []);
    assert.ok(bucket.names.includes("made-by-other"));
  });

  it("is never written over: an update that begins between the look and the write is waited for", async () => {
    const bucket = new Bucket({ deployment: { resources: [service] } });
    bucket.beforeImport = () => (bucket.other = { looks: 1, end: finished });
    assert.equal(await forgetObjects(bucket, "dev"), 1);
    assert.deepEqual(bucket.names, ["made-by-other"], "what it made is there, and ours is gone");
    assert.equal(bucket.written.length, 1);
  });

  it("is compared right before it is written: one that began and ended while we decided counts too", async () => {
    const bucket = new Bucket({ deployment: { resources: [service] } });
    let decisions = 0;
    await editState(bucket, "dev", (state) => {
      decisions += 1;
      if (decisions === 1) {
        finished(bucket.state);
        bucket.serial += 1;
      }
      return {
        ...state,
        deployment: { resources: (state.deployment?.resources ?? []).filter(({ id }) => id !== "web") },
      };
    });
    assert.equal(decisions, 2);
    assert.deepEqual(bucket.names, ["made-by-other"]);
  });

  it("is not asked for where there is no stack: asking a bucket whether it is free would make one", async () => {
    const bucket = new Bucket({});
    let asked = 0;
    bucket.untilProvenFree = async () => (asked += 1) < 0;
    bucket.command = () => Promise.reject(new DriverError("EBG-UNKNOWN-STACK", "no stack", ""));
    assert.equal(await editState(bucket, "dev", (state) => state), null);
    assert.equal(await forgetObjects(bucket, "dev"), 0);
    assert.equal(asked, 0);
  });

  it("is left alone by a decision that refuses the newer one", async () => {
    const component = resource("my:index:Thing", "thing", { custom: false });
    const bucket = new Bucket({ deployment: { resources: [component] } });
    bucket.beforeImport = () => (bucket.other = { looks: 1, end: finished });
    const refusal = new DriverError("EBG-FENCED", "moved on", "");
    await assert.rejects(
      forgetComponent(bucket, "dev", "my:index:Thing", "thing", (state) => {
        if (JSON.stringify(state).includes("made-by-other")) throw refusal;
      }),
      refusal,
    );
    assert.deepEqual(bucket.written, []);
  });

  it("ends with an error when it never comes to rest", async () => {
    const bucket = new Bucket({ deployment: { resources: [service] } });
    const unquiet = editState(bucket, "dev", (state) => {
      bucket.serial += 1;
      return state;
    });
    await assert.rejects(
      unquiet,
      (error: unknown) => error instanceof DriverError && error.code === "EBG-STACK-LOCKED",
    );
    assert.deepEqual(bucket.written, []);
  });

  it("keeps what others made while an object that was there already is taken in, and while it is put out again", async () => {
    const stack = resource("pulumi:pulumi:Stack", "p-dev", { urn: stackUrn, parent: undefined });
    const collision = { ...service, inputs: service.inputs ?? {}, parent: stackUrn, provider: "urn:p::1" };
    for (const live of [{ metadata: { name: "web", namespace: "shop" } }, { metadata: { name: "other" } }, null]) {
      const bucket = new Bucket({ deployment: { resources: [stack] } });
      bucket.beforeImport = () => (bucket.other = { looks: 1, end: finished });
      bucket.refreshed = (state) => {
        if (live === null) throw new Error("no answer");
        for (const one of state.deployment?.resources ?? []) if (one.urn === service.urn) one.outputs = live;
      };
      const taken = adopt(bucket, "dev", [collision]);
      if (live === null) await assert.rejects(taken, /no answer/);
      else assert.deepEqual(await taken, live.metadata.name === "web" ? [service.urn] : []);
      assert.deepEqual(
        bucket.names,
        ["p-dev", "made-by-other", ...(live?.metadata.name === "web" ? ["shop/web"] : [])],
        JSON.stringify(live),
      );
    }
  });

  it("is settled once it is known to be a killed engine's", async () => {
    const bucket = new Bucket(busy());
    bucket.refreshed = (state) => {
      for (const one of state.deployment?.resources ?? [])
        if (one.urn === service.urn) one.outputs = { kind: "Service" };
    };
    assert.deepEqual(await settle(bucket, "dev"), { adopted: 1, cleared: 0, refreshed: 0 });
    assert.deepEqual(bucket.names, ["p-dev", "shop/web"]);
    assert.equal(bucket.state.deployment?.pending_operations, undefined);
  });
});
