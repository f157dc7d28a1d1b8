/** What `verify` prints for people. Pure. */
import { catalog, type Check, type VerifyCode } from "../verify/catalog";
import type { TrafficRow, VerifyReport } from "../verify/report";
import { listing } from "../gates/gate-result";
import { table } from "./format";

const signs = { passed: "✔", failed: "✘", unknown: "?", skipped: "-" } as const;

/** Passed ones of a code share a row; everything else has its own. */
function rowsOf(code: VerifyCode, checks: readonly Check[]): string[][] {
  const title = catalog[code][1];
  const joined = (["passed", "skipped"] as const).flatMap((status) => {
    const same = checks.filter((check) => check.status === status);
    if (same.length === 0) return [];
    const said = [...new Set(same.map((check) => check.message))];
    return [
      [
        signs[status],
        code,
        title,
        listing(
          same.map((check) => check.subject),
          3,
        ),
        said.length === 1 ? (said[0] ?? "") : "",
      ],
    ];
  });
  const others = checks.filter((check) => check.status === "failed" || check.status === "unknown");
  return [
    ...others.map((check) => [
      check.severity === "recommended" && check.status === "failed" ? "!" : signs[check.status],
      code,
      title,
      check.subject,
      "",
    ]),
    ...joined,
  ];
}

const percent = (part: number, whole: number): string => (whole === 0 ? "-" : `${((part / whole) * 100).toFixed(1)} %`);

function trafficLines(rows: readonly TrafficRow[]): string[] {
  if (rows.length === 0) return ["No targets."];
  const lines = rows.map((row) => {
    const group = rows.filter((other) => other.group === row.group);
    const healthy = group.reduce((sum, one) => sum + one.healthy, 0);
    const answers = group.reduce((sum, one) => sum + (one.answers ?? 0), 0);
    return [
      `  ${row.group}`,
      row.member,
      `${row.healthy}`,
      `${row.registered - row.healthy}`,
      `${row.draining}`,
      percent(row.healthy, healthy),
      row.answers === null ? "unknown" : `${row.answers}`,
      row.answers === null ? "unknown" : percent(row.answers, answers),
    ];
  });
  return table(
    [["  group", "member", "healthy", "other", "draining", "of healthy", "answers", "of answers"], ...lines],
    [false, false, true, true, true, true, true, true],
  );
}

function findingLines(finding: Check): string[] {
  const label = finding.status === "unknown" ? "UNKNOWN" : finding.severity === "required" ? "PROBLEM" : "advice";
  return [
    `${label} ${finding.code} ${finding.subject}: ${finding.message}`,
    `  means: ${finding.meaning}`,
    `  → ${finding.remedy ?? ""}`,
  ];
}

const conclusions = {
  good: "Everything required holds.",
  findings: "Something required does not hold.",
  unknown: "Nothing required was seen to fail, but not everything could be looked at.",
} as const;

export function verifyLines(report: VerifyReport): string[] {
  const codes = (Object.keys(catalog) as VerifyCode[]).filter((code) =>
    report.checks.some((check) => check.code === code),
  );
  const rows = codes.flatMap((code) =>
    rowsOf(
      code,
      report.checks.filter((check) => check.code === code),
    ),
  );
  const spread = report.checks
    .filter((check) => check.code === "EBG-V-SPREAD" && check.status === "passed")
    .map((check) => `  ${check.subject}: ${check.message}`);
  const count = (status: Check["status"], severity?: Check["severity"]): number =>
    report.checks.filter((check) => check.status === status && (severity ?? check.severity) === check.severity).length;
  return [
    `${report.environment}: ${report.checks.length} checks`,
    ...table(
      rows.map(([sign = "", code = "", title = "", subject = "", said = ""]) => [
        `  ${sign}`,
        code,
        title,
        subject,
        code === "EBG-V-SPREAD" && sign === signs.passed ? "below" : said,
      ]),
    ),
    "",
    ...trafficLines(report.traffic),
    ...spread,
    "",
    ...report.findings.flatMap((finding) => [...findingLines(finding), ""]),
    `${conclusions[report.verdict]} ${count("passed")} checks passed; failed: ${count("failed", "required")} ` +
      `required, ${count("failed", "recommended")} recommended; ${count("unknown")} unknown; ${count("skipped")} ` +
      "did not apply.",
  ];
}
