/** The saved plan of one update, loosened where the engine is stricter than what a preview can know. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { Json } from "./format";
import { withUnknownInputs } from "./loosen-inputs";
import { withUnknownOutputs } from "./loosen-outputs";

export function loosenPlan(file: string): void {
  // The engine writes it as the umask says.
  chmodSync(file, 0o600);
  const plan = JSON.parse(readFileSync(file, "utf8")) as Json;
  writeFileSync(file, JSON.stringify(withUnknownInputs(withUnknownOutputs(plan))));
}
