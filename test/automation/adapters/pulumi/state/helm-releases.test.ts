import assert from "node:assert/strict";
import {
  completeReleases,
  endReleases,
  isRefusedByHelm,
  keepUnfinished,
  RELEASE,
  unfinishedReleases,
} from "../../../../../automation/adapters/pulumi/state/helm-releases";
import { settle } from "../../../../../automation/adapters/pulumi/state/settle";
import type { EksName, StackCli, State, StateResource } from "../../../../../automation/adapters/pulumi/state/export";
import { endInterruptedRelease } from "../../../../../automation/adapters/kubernetes/helm-releases";
import { readFileSync } from "node:fs";
import { DriverError } from "../../../../../automation/errors";

const provider = "urn:pulumi:dev-blue::p::pulumi:providers:kubernetes::blue-eks-k8s";
const urnOf = (name: string): string => `urn:pulumi:dev-blue::p::${RELEASE}::${name}`;
const kubeconfig = JSON.stringify({
  "current-context": "aws",
  contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
  clusters: [{ name: "kubernetes", cluster: { server: "https://127.0.0.1:1" } }],
  users: [
    {
      name: "aws",
      user: {
        exec: { command: "aws", args: ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "shop-blue"] },
      },
    },
  ],
});
const release = (name: string, status: string, more: Partial<StateResource> = {}): StateResource => ({
  urn: urnOf(name),
  type: RELEASE,
  custom: true,
  id: `kube-system/${name}`,
  provider: `${provider}::1`,
  inputs: { namespace: "kube-system", name },
  outputs: { status: { status } },
  ...more,
});
const stateWith = (resources: StateResource[], pending: StateResource[] = []): State => ({
  deployment: {
    resources: [{ urn: provider, type: "pulumi:providers:kubernetes", id: "1", inputs: { kubeconfig } }, ...resources],
    pending_operations: pending.map((resource) => ({ resource, type: "updating" })),
  },
});

/** A backend that has one state and keeps what is imported. `own`: the stack's cluster, as the config names it. */
function cli(
  state: State,
  own: EksName | null = { name: "shop-blue", region: "eu-west-1" },
): { engine: StackCli; now: () => State; notes: string[] } {
  let text = JSON.stringify(state);
  const notes: string[] = [];
  const command = async (_stack: string, args: readonly string[]): Promise<string> => {
    if (args[1] === "import") text = readFileSync(args[args.indexOf("--file") + 1] ?? "", "utf8");
    return text;
  };
  const engine: StackCli = {
    options: { clock: { wall: () => 0 } as never, note: (message) => notes.push(message) },
    command,
    commandOnce: command,
    untilFree: async () => false,
    untilProvenFree: async () => false,
    region: async () => "us-east-1",
    clusterOf: async () => own,
  };
  return { engine, now: () => JSON.parse(text) as State, notes };
}

describe("Helm releases of a stack", () => {
  const open = release("open", "deployed");
  const state = stateWith(
    [
      release("good", "deployed"),
      open,
      release("waits", "failed", { initErrors: ["not ready"] }),
      release("failed", "failed"),
      release("pending", "pending-upgrade"),
      release("leaving", "uninstalling", { initErrors: ["it was not permitted to end it"] }),
      release("old", "failed", { delete: true }),
      release("unread", "", { outputs: {} }),
    ],
    [open],
  );

  it("are complete when Helm deployed them and no operation is open", () =>
    assert.deepEqual(completeReleases(state), [urnOf("good")]));

  it("are unfinished when Helm did not end with them and no later update would know", () =>
    assert.deepEqual(
      unfinishedReleases(state).map(({ urn }) => urn),
      ["failed", "pending", "leaving"].map(urnOf),
    ));

  it("have Helm's record ended with the kubeconfig of their own provider: those of open operations too", async () => {
    const { engine, notes } = cli(state);
    const ended: string[] = [];
    await endReleases(engine, "dev-blue", async (server, { namespace, name }) => {
      assert.equal(server.kubeconfig, kubeconfig);
      // Its address is asked of EKS by this name.
      assert.deepEqual([server.clusterName, server.region], ["shop-blue", "eu-west-1"]);
      ended.push(`${namespace}/${name}`);
      return name === "open" ? "pending-upgrade" : null;
    });
    assert.deepEqual(
      ended,
      ["failed", "pending", "leaving", "waits", "open"].map((name) => `kube-system/${name}`),
    );
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /did not end with the release kube-system\/open \(pending-upgrade\)/);
  });

  it("have it ended behind an update that failed at them, whatever status the state has of them", async () => {
    const failed = stateWith([
      release("good", "deployed"),
      release("web", "deployed", { initErrors: ["another operation (install/upgrade/rollback) is in progress"] }),
    ]);
    const { engine, now, notes } = cli(failed);
    const asked: string[] = [];
    const settled = await settle(engine, "dev-blue", {
      endRelease: async (_server, { name }) => {
        asked.push(name);
        return "pending-upgrade";
      },
    });
    assert.deepEqual([settled, asked], [null, ["web"]]);
    assert.deepEqual(now(), failed, "the next update goes on with it anyway");
    assert.match(
      notes.join(),
      /did not end with the release kube-system\/web \(pending-upgrade\); its record says failed/,
    );
  });

  it("are all looked at when Helm has refused an update, and left to whoever may still be at work", async () => {
    const since = new Date("2026-12-01T10:00:00Z");
    const { engine } = cli(stateWith([release("web", "deployed")]));
    engine.options.clock.wall = () => since.getTime() + 60_000;
    const over: boolean[] = [];
    await settle(engine, "dev-blue", {
      refused: { since },
      endRelease: async (_server, _release, isOver) => {
        // Ours; somebody's a moment before; somebody's, whose Helm has given up.
        for (const seconds of [1, -1, -241]) over.push(isOver?.(new Date(since.getTime() + seconds * 1000)) ?? true);
        return null;
      },
    });
    assert.deepEqual(over, [true, false, true]);
    const told = "update of dev-blue failed: another operation (install/upgrade/rollback) is in progress";
    assert.equal(isRefusedByHelm(told), true);
  });

  it("are all looked at behind a refusal also where the stack has to be mended", async () => {
    const { engine } = cli(
      stateWith([release("web", "deployed"), release("other", "deployed")], [release("web", "deployed")]),
    );
    const asked: string[] = [];
    await settle(engine, "dev-blue", {
      refused: { since: new Date(0) },
      endRelease: async (_server, { name }) => {
        asked.push(name);
        return null;
      },
    }).catch(() => null);
    assert.ok(asked.includes("other"), asked.join());
  });

  it("that an update failed at are left to a Helm that somebody began after that", async () => {
    const modified = "2026-12-01T02:00:00Z";
    const later = new Date("2026-12-01T03:00:00Z");
    const failed = release("web", "deployed", {
      initErrors: ["not ready"],
      modified,
      inputs: { ...release("web", "").inputs, timeout: 600 },
    });
    const { engine } = cli(stateWith([failed]));
    engine.options.clock.wall = () => later.getTime() + 400_000;
    const over: boolean[] = [];
    await settle(engine, "dev-blue", {
      endRelease: async (_server, _release, isOver) => {
        // The failed update's own; somebody's within the release's ten minutes; one whose Helm has given up.
        for (const begun of [new Date("2026-12-01T01:55:00Z"), later, new Date(later.getTime() - 300_000)])
          over.push(isOver?.(begun) ?? true);
        return null;
      },
    });
    assert.deepEqual(over, [true, false, true]);
  });

  it("stop nothing when the cluster can't be asked: who takes a member out of traffic needs no Helm", async () => {
    const { engine, notes } = cli(stateWith([release("web", "failed", { initErrors: ["not ready"] })]));
    const away = new DriverError("EBG-MEMBER-UNREACHABLE", "no answer within 10 s", "look at the cluster");
    assert.equal(await settle(engine, "dev-blue", { endRelease: () => Promise.reject(away) }), null);
    assert.match(notes.join(), /can't be seen: no answer within 10 s/);
  });

  it("have it ended also when kubeconfig and names are secrets", async () => {
    const secret = (value: string) => ({ "4dabf18193072939515e22adb298388d": "x", plaintext: JSON.stringify(value) });
    const hidden = stateWith([
      release("a", "pending-install", { inputs: { namespace: "kube-system", name: secret("a") } }),
    ]);
    hidden.deployment!.resources![0]!.inputs = { kubeconfig: secret(kubeconfig) };
    const ended: string[] = [];
    await endReleases(cli(hidden).engine, "dev-blue", async (server, { name }) => {
      ended.push(name, server.kubeconfig);
      return null;
    });
    assert.deepEqual(ended, ["a", kubeconfig]);
  });

  it("are looked for in the stack's own cluster alone, whatever cluster the state's kubeconfig names", async () => {
    const foreign: [string, EksName][] = [
      ["another name", { name: "dev-blue", region: "eu-west-1" }],
      ["another region", { name: "shop-blue", region: "us-east-1" }],
    ];
    for (const [what, own] of foreign) {
      const { engine, notes } = cli(stateWith([release("a", "pending-upgrade")]), own);
      const asked: string[] = [];
      await endReleases(engine, "dev-blue", (server, one) => {
        asked.push(`${server.clusterName} in ${server.region}`);
        return endInterruptedRelease(server, one);
      });
      assert.deepEqual(asked, [`${own.name} in ${own.region}`], what);
      assert.match(notes.join(), /asks for a token of cluster shop-blue in eu-west-1, but the member's cluster is/);
    }
  });

  it("are named and left in a stack that has no cluster of its own", async () => {
    const { engine, notes } = cli(stateWith([release("a", "pending-upgrade")]), null);
    await endReleases(engine, "dev", () => assert.fail("there is nobody to be asked"));
    assert.match(notes.join(), /release kube-system\/a, and .* has no cluster of its own/);
  });

  it("whose names would lead a path to other Secrets are named and left", async () => {
    for (const inputs of [
      { namespace: "..", name: "a" },
      { namespace: "kube-system", name: "a,owner!=x" },
    ]) {
      const { engine, notes } = cli(stateWith([release("a", "pending-upgrade", { inputs })]));
      await endReleases(engine, "dev-blue", () => assert.fail("nobody may be asked"));
      assert.match(notes.join(), /Kubernetes has no such names/);
    }
  });

  it("are left alone in a cluster whose kubeconfig is some machine's file or context", async () => {
    for (const kubeconfig of ["/home/me/.kube/config", "minikube"]) {
      const elsewhere = stateWith([release("a", "pending-install")]);
      elsewhere.deployment!.resources![0]!.inputs = { kubeconfig };
      await endReleases(cli(elsewhere).engine, "dev-blue", () => assert.fail("nobody can be asked"));
    }
  });

  it("are named and left in a cluster that half of a kubeconfig speaks of", async () => {
    const half = stateWith([release("a", "pending-install")]);
    half.deployment!.resources![0]!.inputs = { kubeconfig: JSON.stringify({ clusters: [] }) };
    const { engine, notes } = cli(half);
    await endReleases(engine, "dev-blue", endInterruptedRelease);
    assert.match(notes.join(), /has no complete context/);
  });

  it("stay in the state as unfinished, so that the next update goes on with them", async () => {
    const { engine, now } = cli(state);
    await keepUnfinished(engine, "dev-blue");
    const errors = Object.fromEntries(
      (now().deployment?.resources ?? []).map(({ urn, initErrors }) => [urn.split("::").at(-1), initErrors]),
    );
    assert.match(errors["pending"]?.[0] ?? "", /pending-upgrade/);
    assert.match(errors["failed"]?.[0] ?? "", /failed/);
    assert.deepEqual([errors["good"], errors["waits"]], [undefined, ["not ready"]]);
  });

  it("are named and left where the caller may not end them: moving traffic needs no Secrets of Helm's", async () => {
    const { engine, notes } = cli(stateWith([release("a", "pending-upgrade")]));
    const end = (code: "EBG-KUBERNETES" | "EBG-MEMBER-UNREACHABLE") => (): Promise<never> =>
      Promise.reject(new DriverError(code, "secrets is forbidden", "get an access entry"));
    await endReleases(engine, "dev-blue", end("EBG-KUBERNETES"));
    assert.match(notes.join(), /release kube-system\/a, and its record can't be ended from here: secrets is forbidden/);
    await assert.rejects(endReleases(engine, "dev-blue", end("EBG-MEMBER-UNREACHABLE")), /forbidden/);
  });
});
