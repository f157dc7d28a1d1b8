/** What `pulumi config --json --show-secrets` prints, as the map that the engine passes to programs. */
import { refuseSecretConfig } from "../../../../stacks/config";
import { DriverError } from "../../../errors";

interface ConfigEntry {
  readonly value?: string;
  readonly objectValue?: unknown;
  /** Also true when something inside of a structured value is. */
  readonly secret?: boolean;
}

/** Structured values are JSON text. @throws EBG-CONFIG when a value of this package's own is secret */
export function configValues(text: string, environment: string): Readonly<Record<string, string>> {
  const entries = Object.entries(JSON.parse(text) as Record<string, ConfigEntry>);
  try {
    refuseSecretConfig(
      environment,
      entries.flatMap(([key, { secret }]) => (secret === true ? [key] : [])),
    );
  } catch (error) {
    throw new DriverError(
      "EBG-CONFIG",
      error instanceof Error ? error.message : String(error),
      `correct Pulumi.${environment}.yaml`,
      error,
    );
  }
  return Object.fromEntries(entries.map(([key, entry]) => [key, entry.value ?? JSON.stringify(entry.objectValue)]));
}
