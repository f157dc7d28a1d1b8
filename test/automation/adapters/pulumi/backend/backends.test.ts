import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { backendOf, updateInProgress } from "../../../../../automation/adapters/pulumi/backend/backend";
import { Backends, secretsProviderIn } from "../../../../../automation/adapters/pulumi/backend/backends";
import { LockedError } from "../../../../../automation/adapters/pulumi/engine/failures";
import { DriverError } from "../../../../../automation/errors";

const exists = new DriverError("EBG-UPDATE-FAILED", "pulumi stack init of dev failed: stack 'dev' already exists", "");

describe("the kind of backend", () => {
  it("is told from its address", () => {
    assert.deepEqual(backendOf("file:///srv/state", "/p"), { kind: "file", root: "/srv/state" });
    assert.deepEqual(backendOf("file://~", "/p"), { kind: "file", root: homedir() });
    assert.deepEqual(backendOf("file://./state?x=1", "/p"), { kind: "file", root: "/p/state" });
    for (const url of ["s3://state?region=eu-west-1", "gs://state", "azblob://state"])
      assert.equal(backendOf(url, "/p").kind, "bucket");
    assert.equal(backendOf("https://api.pulumi.com", "/p").kind, "service");
  });

  it("says of an update that is in progress, by the stack's own name", () => {
    const list = JSON.stringify([
      { name: "acme/dev", updateInProgress: true },
      { name: "acme/dev-blue", updateInProgress: false },
      { name: "acme/old" },
    ]);
    assert.deepEqual(
      ["dev", "dev-blue", "old", "acme/dev", "blue"].map((stack) => updateInProgress(list, stack)),
      [true, false, false, true, false],
    );
  });
});

describe("whether a stack is free", () => {
  let folder = "";
  const asked: string[] = [];
  const backends = (url: string | undefined, answer: (args: readonly string[]) => string): Backends =>
    new Backends({
      project: "shop",
      workDirectory: folder,
      urlInSurroundings: url,
      command: async (_stack, args) => {
        asked.push(args.join(" "));
        return answer(args);
      },
    });
  const fails = (error: Error) => () => {
    throw error;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ebg-backends-"));
    asked.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is seen in a folder, wherever the folder was named", async () => {
    const locks = join(folder, "state", ".pulumi", "locks", "organization", "shop", "dev");
    mkdirSync(locks, { recursive: true });
    mkdirSync(join(folder, "state", ".pulumi", "stacks", "shop"), { recursive: true });
    const url = `file://${join(folder, "state")}`;
    const whoami = backends(undefined, () => JSON.stringify({ user: "ann", url }));
    await whoami.assertFree("dev");
    assert.deepEqual(asked, ["whoami --json"], "by pulumi login, or by Pulumi.yaml");
    writeFileSync(join(locks, "1.json"), JSON.stringify({ pid: 7, username: "ann", hostname: "h", timestamp: "t" }));
    for (const one of [whoami, backends(url, fails(exists))])
      await assert.rejects(one.assertFree("dev"), (error: unknown) => {
        return error instanceof LockedError && error.holder?.pid === 7;
      });
  });

  it("is proved in a bucket by taking the lock for nothing", async () => {
    const free = backends("s3://state", fails(exists));
    await free.assertUnlisted("dev");
    assert.deepEqual(asked, [], "nothing can be listed");
    await free.assertFree("dev");
    assert.deepEqual(asked, ["stack init dev --no-select"]);
    await assert.rejects(
      backends("gs://state", fails(new LockedError("dev", null, null))).assertFree("dev"),
      LockedError,
    );
    const denied = new DriverError("EBG-CREDENTIALS", "denied", "");
    await assert.rejects(backends("azblob://state", fails(denied)).assertFree("dev"), denied, "not known is not free");
  });

  it("asks with the stack's own secrets provider", async () => {
    writeFileSync(join(folder, "Pulumi.dev.yaml"), "secretsprovider: awskms://alias/x?region=eu-west-1\n");
    assert.equal(secretsProviderIn(folder, "acme/dev"), "awskms://alias/x?region=eu-west-1");
    await backends("s3://state", fails(exists)).assertFree("dev");
    assert.deepEqual(asked, ["stack init dev --no-select --secrets-provider awskms://alias/x?region=eu-west-1"]);
  });

  it("is said by the service", async () => {
    const list = (busy: boolean) => () => JSON.stringify([{ name: "dev", updateInProgress: busy }]);
    await backends("https://api.pulumi.com", list(false)).assertFree("dev");
    await assert.rejects(backends("https://api.pulumi.com", list(true)).assertFree("dev"), LockedError);
  });
});
