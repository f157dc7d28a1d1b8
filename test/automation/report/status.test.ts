import assert from "node:assert/strict";
import type { WriterLife } from "../../../automation/adapters/writer-life";
import type { StatusReport } from "../../../automation/index";
import { bare } from "../../../automation/report/format";
import { statusLines } from "../../../automation/report/status";
import type { EnvironmentRecord } from "../../../stacks/record";

const blue = { role: "active", version: "1.34", workload: "running" } as const;
const report = (record: object): StatusReport => ({
  environment: "dev",
  record: { revision: 7, placement: { blue }, rollout: null, intent: null, ...record } as unknown as EnvironmentRecord,
  health: { blue: "healthy" },
  targets: { blue: { healthy: 2, initial: 0, draining: 0, unhealthy: 0 } },
  observation: { members: { blue: { reachable: true } } } as unknown as StatusReport["observation"],
  addresses: { web: "dev-1.elb.us-east-1.amazonaws.com:80" },
  findings: [],
});
const plain = (record: object): string =>
  statusLines(report(record))
    .join("\n")
    .replace(/\u001b\[\d+m/g, "");
const bake = { type: "bake", seconds: 600, why: "green serves" };
const rollout = { id: "r1", wantedVersion: "1.35", steps: [bake, bake], done: 1, direction: "forward", reason: null };

describe("status", () => {
  it("says where each member stands, and that nothing is under way", () => {
    assert.match(
      plain({}),
      /dev, record revision 7[\s\S]*blue +active at 1\.34 +answers +healthy +●●[\s\S]*no rollout is under way[\s\S]*No findings\./,
    );
  });

  const commands: readonly (readonly [object | undefined, string])[] = [
    [undefined, "upgrade"],
    [{ name: "drain", member: "green", percent: null }, "drain green"],
    [{ name: "scale", member: "green", percent: 200 }, "scale green --percent 200"],
    [{ name: "teardown", member: null, percent: null }, "teardown"],
  ];
  for (const [command, words] of commands) {
    it(`names the command that goes on: ${words}`, () => {
      assert.match(
        plain({ rollout: { ...rollout, ...(command === undefined ? {} : { command }) } }),
        new RegExp(`1 of 2 steps done, forward\\n  next: bake .*\\n  go on with: eks-blue-green ${words} --stack dev`),
      );
    });
  }

  const halt = {
    revision: 7,
    at: "2026-11-21T10:05:00Z",
    by: "ann@ci 7",
    code: "EBG-UPDATE-FAILED",
    message: "the update of dev-blue failed: PodEvictionFailure: Reached max retries while trying to evict pods",
    remedy: "kubectl --context dev-blue get pdb -A",
  };
  const intent = {
    move: { kind: "upgrade", member: "blue" },
    step: 1,
    startedAt: "2026-11-21T10:00:00Z",
    by: "ann@ci 7",
  };

  it("says that a rollout stopped, why, by whom, and what to type next", () => {
    const text = plain({ rollout, intent, halt });
    assert.match(
      text,
      /STOPPED at 2026-11-21T10:05:00Z by ann@ci 7, EBG-UPDATE-FAILED: the update .*PodEvictionFailure/,
    );
    assert.match(text, /\n  → kubectl --context dev-blue get pdb -A\nopen move: upgrade blue, .*\n  go on with: eks-/);
  });
  it("says no longer that it stopped once somebody has written since", () => {
    assert.doesNotMatch(plain({ rollout, intent, halt: { ...halt, revision: 6 } }), /STOPPED/);
  });

  const lives: readonly (readonly [WriterLife, RegExp])[] = [
    [
      "runs",
      /by ann@ci 7 \(that process runs on this machine\)\n  if it is stuck, stop it, then: eks-blue-green upgrade/,
    ],
    ["gone", /\(no such process runs on this machine any more\)\n  go on with: eks-blue-green upgrade --stack dev/],
    ["elsewhere", /\(not of this machine: whether it still runs can't be seen from here\)\n  go on with/],
  ];
  for (const [driver, words] of lives)
    it(`says of the driver whose move is open that it is ${driver}`, () => {
      assert.match(statusLines({ ...report({ rollout, intent }), driver }).join("\n"), words);
    });

  it("says who moved traffic last, with the credentials that AWS saw, and nothing of it for older records", () => {
    const lastTraffic = { kind: "drain", member: "blue", startedAt: "2026-11-30T10:00:00Z", by: "ann@ci 7" };
    const caller = "arn:aws:sts::123456789012:assumed-role/deploy/ann";
    assert.match(
      plain({ lastTraffic: { ...lastTraffic, caller } }),
      /traffic was moved last: drain blue, begun 2026-11-30T10:00:00Z, by ann@ci 7 \(arn:aws:sts::1.*deploy\/ann\)\n/,
    );
    assert.match(plain({ lastTraffic }), /by ann@ci 7\n/);
    assert.doesNotMatch(plain({}), /traffic was moved/);
    assert.match(plain({ rollout, intent: { ...intent, caller } }), /by ann@ci 7 \(arn:aws:sts.*ann\)/);
  });

  it("says that a member is larger than configured", () => {
    const large = { ...blue, capacityPercent: 150 };
    assert.match(plain({ placement: { blue: large } }), /blue +active at 1\.34, 150 % of its size/);
  });

  it("says when a load balancer changes hands, which way, and how to go on", () => {
    const adoption = {
      service: "web",
      member: "blue",
      step: "untag",
      direction: "forward",
      reason: null,
      startedAt: "2026-11-21T10:00:00Z",
      by: "ann@host 1",
    };
    assert.match(
      plain({ adoption }),
      /the load balancer of 'web' is being handed over to the stack: at 'untag', since 2026-11-21T10:00:00Z, by ann@host 1\n  go on with: eks-blue-green adopt --stack dev/,
    );
    assert.match(
      plain({ adoption: { ...adoption, step: "retag", direction: "back", reason: "targets left" } }),
      /is being given back to its Service \(targets left\): at 'retag'/,
    );
    assert.equal(plain({}).includes("load balancer"), false);
  });

  it("is a block for each member, with words unbroken, on a terminal of 60 columns", () => {
    const finding = {
      code: "EBG-MEMBER-UNREACHABLE",
      severity: "required",
      message: "blue does not answer, and nobody knows whether its pods serve; it was last seen an hour ago",
      remedy: "look at it: aws eks describe-cluster --name dev-blue --query cluster.status --output text",
    } as const;
    const lines = statusLines({ ...report({ rollout, intent, halt }), findings: [finding] }, 60).map(bare);
    assert.equal(
      `\n${lines.join("\n")}\n`,
      `
dev, record revision 7
  member  placement       API server  service  targets
  blue    active at 1.34  answers     healthy  ●●

requests go to
  web  dev-1.elb.us-east-1.amazonaws.com:80

rollout r1 to 1.35: 1 of 2 steps done, forward
  STOPPED at 2026-11-21T10:05:00Z by ann@ci 7,
    EBG-UPDATE-FAILED: the update of dev-blue failed:
    PodEvictionFailure: Reached max retries while trying to
    evict pods
  → kubectl --context dev-blue get pdb -A
open move: upgrade blue, since 2026-11-21T10:00:00Z, by
  ann@ci 7
  go on with: eks-blue-green upgrade --stack dev

PROBLEM EBG-MEMBER-UNREACHABLE: blue does not answer, and
  nobody knows whether its pods serve; it was last seen an
  hour ago
  → look at it: aws eks describe-cluster --name dev-blue --query cluster.status --output text
`,
    );
    const evacuated = { ...blue, role: "standby", evacuated: { at: "2026-11-21T10:00:00Z", by: "", why: "" } };
    assert.deepEqual(
      statusLines(report({ placement: { blue: evacuated } }), 60)
        .map(bare)
        .slice(1, 4),
      [
        "  blue",
        "    placement standby at 1.34, evacuated",
        "    2026-11-21T10:00:00Z, API server answers, service -,",
      ],
    );
  });
});
