/** What `verify` prints for people. Pure. */
import { catalog, type Check, type VerifyCode } from "../verify/catalog";
import type { TrafficRow, VerifyReport } from "../verify/report";
import { listing } from "../gates/gate-result";
import { counted } from "../text/sentences";
import { wrap } from "../text/wrap";
import { table, tableOrBlocks } from "./format";

const signs = { passed: "✔", failed: "✘", unknown: "?", skipped: "-" } as const;

/** What is recommended and does not hold. */
const isAdvice = ({ status, severity }: Check): boolean => status !== "unknown" && severity === "recommended";

/** Passed ones of a code share a row, and those that are advised; everything else has its own. */
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
  const advised = checks.filter((check) => check.status === "failed" && isAdvice(check));
  const others = checks.filter(
    (check) => !isAdvice(check) && (check.status === "failed" || check.status === "unknown"),
  );
  const names = (these: readonly Check[]): string =>
    listing(
      these.map(({ subject }) => subject),
      3,
    );
  return [
    ...others.map((check) => [signs[check.status], code, title, check.subject, ""]),
    ...(advised.length === 0 ? [] : [["!", code, title, names(advised), ""]]),
    ...joined,
  ];
}

const percent = (part: number, whole: number): string => (whole === 0 ? "-" : `${((part / whole) * 100).toFixed(1)} %`);

function trafficLines(rows: readonly TrafficRow[], width: number): string[] {
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
  return tableOrBlocks(
    [["  group", "member", "healthy", "other", "draining", "of healthy", "answers", "of answers"], ...lines],
    width,
    [false, false, true, true, true, true, true, true],
  );
}

/** `others`: subjects of which the same is advised. */
function findingLines(finding: Check, others: readonly string[], width: number): string[] {
  const label = finding.status === "unknown" ? "UNKNOWN" : isAdvice(finding) ? "advice" : "PROBLEM";
  return [
    ...wrap(`${label} ${finding.code} ${finding.subject}: ${finding.message}`, width),
    ...wrap(`  means: ${finding.meaning}`, width, "    "),
    `  → ${finding.remedy ?? ""}`,
    ...(others.length === 0 ? [] : wrap(`  the same for ${others.length} more: ${listing(others, 8)}`, width, "    ")),
  ];
}

/** Advice of one kind is given once, for its first subject; what is required or unknown is always told in full. */
function findingBlocks(findings: readonly Check[], width: number): string[] {
  const told = new Set<string>();
  return findings.flatMap((finding) => {
    if (!isAdvice(finding)) return [...findingLines(finding, [], width), ""];
    if (told.has(finding.code)) return [];
    told.add(finding.code);
    const same = findings.filter((other) => other !== finding && other.code === finding.code && isAdvice(other));
    return [
      ...findingLines(
        finding,
        same.map(({ subject }) => subject),
        width,
      ),
      "",
    ];
  });
}

/** One row each where the terminal has the width; else the code and what it asks, and below who answers it how. */
function checkLines(rows: readonly (readonly string[])[], width: number): string[] {
  const lines = table(rows);
  if (lines.every((line) => line.length <= width)) return lines;
  return rows.flatMap(([sign = "", code = "", title = "", subject = "", said = ""]) => [
    ...wrap(`${sign} ${code}  ${title}`, width, "      "),
    ...wrap(`      ${subject}${said === "" ? "" : `: ${said}`}`, width, "      "),
  ]);
}

const conclusions = {
  good: "Everything required holds.",
  findings: "Something required does not hold.",
  unknown: "Nothing required was seen to fail, but not everything could be looked at.",
} as const;

/** `width`: of the terminal, in characters. */
export function verifyLines(report: VerifyReport, width = Infinity): string[] {
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
    `${report.environment}: ${counted(report.checks.length, "check")}`,
    ...checkLines(
      rows.map(([sign = "", code = "", title = "", subject = "", said = ""]) => [
        `  ${sign}`,
        code,
        title,
        subject,
        code === "EBG-V-SPREAD" && sign === signs.passed ? "below" : said,
      ]),
      width,
    ),
    "",
    ...trafficLines(report.traffic, width),
    ...spread,
    "",
    ...findingBlocks(report.findings, width),
    ...wrap(
      `${conclusions[report.verdict]} ${counted(count("passed"), "check")} passed; failed: ${count("failed", "required")} ` +
        `required, ${count("failed", "recommended")} recommended; ${count("unknown")} unknown; ${count("skipped")} ` +
        "did not apply.",
      width,
      "",
    ),
  ];
}
