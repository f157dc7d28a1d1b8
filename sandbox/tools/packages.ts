/** Packages that only the sandbox loads: whoever runs the driver alone may leave them out (`npm ci --omit=optional`). */
import { SandboxError } from "../shared/errors";

export const sandboxPackages = ["@peculiar/x509", "fast-xml-parser", "reflect-metadata"] as const;

const isThere = (name: string): boolean => {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
};

/** @throws SandboxError SBX-PACKAGE before anything is built or started */
export function refuseWithoutPackages(found: (name: string) => boolean = isThere): void {
  const missing = sandboxPackages.filter((name) => !found(name));
  if (missing.length > 0)
    throw new SandboxError(
      "SBX-PACKAGE",
      `the sandbox needs npm packages that were left out of this installation: ${missing.join(", ")}`,
      "install without --omit=optional (npm ci --ignore-scripts), then run the same command again",
    );
}
