/** Something that is not as it must be, found by looking before anything is done. */
import type { DriverErrorCode } from "./errors";

/** `required` ones stop what was to begin. */
export interface Finding {
  readonly code: DriverErrorCode;
  readonly severity: "required" | "recommended";
  readonly message: string;
  readonly remedy: string;
}
