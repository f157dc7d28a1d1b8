/** `verify`: look once, decide, report. Changes nothing. */
import type { EventSink } from "../events";
import { look, type SampleSize, type VerifyPorts } from "../verify/inspect";
import { verify, type VerifyReport } from "../verify/report";
import type { Family } from "../environment/state";

export async function runVerify(
  ports: VerifyPorts,
  family: Family,
  size: SampleSize,
  emit: EventSink,
): Promise<VerifyReport> {
  const report = verify(await look(ports, family, size, (message) => emit({ kind: "activity", message })));
  for (const { code, severity, status, subject, message, remedy } of report.findings) {
    emit({
      kind: "finding",
      code,
      severity,
      message: `${subject}: ${status === "unknown" ? "unknown: " : ""}${message}`,
      remedy: remedy ?? "",
    });
  }
  return report;
}
