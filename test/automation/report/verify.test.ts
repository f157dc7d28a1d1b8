import assert from "node:assert/strict";
import { verifyLines } from "../../../automation/report/verify";
import type { Check, VerifyCode } from "../../../automation/verify/catalog";
import type { VerifyReport } from "../../../automation/verify/report";

const check = (code: VerifyCode, subject: string, status: Check["status"], severity: Check["severity"]): Check => ({
  code,
  title: code,
  status,
  severity,
  subject,
  message: status === "passed" ? "as it must be" : `pods of ${subject} have no readiness gate`,
  meaning: "a pod counts as ready before the load balancer sends to it",
  remedy: `kubectl --context ${subject} rollout restart deployment web`,
});
const report = (checks: readonly Check[]): VerifyReport => ({
  environment: "dev",
  verdict: "good",
  checks,
  findings: checks.filter(({ status }) => status === "failed"),
  traffic: [
    { group: "web-a-long-name", member: "blue", healthy: 3, registered: 3, draining: 0, answers: 500 },
    { group: "web-a-long-name", member: "green", healthy: 3, registered: 3, draining: 0, answers: 500 },
  ],
});
const gates = ["blue web", "green web", "red web"].map((subject) =>
  check("EBG-V-READINESS-GATES", subject, "failed", "recommended"),
);

describe("what verify prints", () => {
  it("advises the same thing once, and names everybody whom it is for", () => {
    const lines = verifyLines(report(gates));
    assert.equal(lines.filter((line) => line.startsWith("advice EBG-V-READINESS-GATES")).length, 1);
    assert.ok(lines.includes("  the same for 2 more: green web, red web"), lines.join("\n"));
    const rows = lines.filter((line) => line.startsWith("  ! "));
    assert.equal(rows.length, 1);
    assert.match(rows[0] ?? "", /blue web, green web, red web/);
  });
  it("tells what is required in full, for each", () => {
    const lines = verifyLines(report(gates.map((one) => ({ ...one, severity: "required" as const }))));
    assert.equal(lines.filter((line) => line.startsWith("PROBLEM EBG-V-READINESS-GATES")).length, 3);
  });
  for (const width of [60, 100, 160])
    it(`fits into ${width} columns; only what is to be pasted may be longer`, () => {
      const lines = verifyLines(report([...gates, check("EBG-V-FLAG", "blue", "passed", "required")]), width);
      for (const line of lines)
        assert.ok(line.length <= width || line.startsWith("  → "), `${line.length} of ${width}: ${line}`);
    });
  it("has the answer below the question on a terminal of 60 columns", () => {
    const lines = verifyLines(report([check("EBG-V-FLAG", "blue, green", "passed", "required")]), 60);
    assert.equal(
      `\n${lines.join("\n")}\n`,
      `
dev: 1 check
  ✔ EBG-V-FLAG  bindings carry the multi-cluster flag
      blue, green: as it must be

  web-a-long-name
    member blue, healthy 3, other 0, draining 0, of healthy
    50.0 %, answers 500, of answers 50.0 %
  web-a-long-name
    member green, healthy 3, other 0, draining 0, of healthy
    50.0 %, answers 500, of answers 50.0 %

Everything required holds. 1 check passed; failed: 0
required, 0 recommended; 0 unknown; 0 did not apply.
`,
    );
  });
});
