import assert from "node:assert/strict";
import type { StatusReport } from "../../../automation/index";
import { statusLines } from "../../../automation/report/tables";
import type { EnvironmentRecord } from "../../../stacks/record";

const blue = { role: "active", version: "1.34", workload: "running" } as const;
const report = (record: object): StatusReport => ({
  environment: "dev",
  record: { revision: 7, placement: { blue }, rollout: null, intent: null, ...record } as unknown as EnvironmentRecord,
  health: { blue: "healthy" },
  targets: { blue: { healthy: 2, initial: 0, draining: 0, unhealthy: 0 } },
  observation: { members: { blue: { reachable: true } } } as unknown as StatusReport["observation"],
  findings: [],
});
const plain = (record: object): string =>
  statusLines(report(record))
    .join("\n")
    .replace(/\u001b\[\d+m/g, "");
const rollout = { id: "r1", wantedVersion: "1.35", steps: [{}, {}], done: 1, direction: "forward", reason: null };

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
        new RegExp(`1 of 2 steps done, forward\\n  go on with: eks-blue-green ${words} --stack dev`),
      );
    });
  }

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
});
