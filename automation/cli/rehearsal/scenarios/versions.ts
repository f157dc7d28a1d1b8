/** From which Kubernetes minor to which a scenario goes. */
import { supportedVersions } from "../../../../sandbox/control-plane/index";
import { DriverError } from "../../../errors";
import type { RehearsalOptions } from "../options";
import { type InspectedProject, minorBefore } from "../project-copy";

/** @throws EBG-CONFIG before anything is started */
export function versionsOf(
  project: InspectedProject,
  options: Pick<RehearsalOptions, "from" | "to">,
): { readonly from: string; readonly to: string } {
  const to = options.to ?? project.wantedVersion;
  const from = options.from ?? minorBefore(to);
  const can = supportedVersions.join(", ");
  for (const [flag, version] of [
    ["--from", from],
    ["--to", to],
  ] as const) {
    if (!supportedVersions.includes(version))
      throw new DriverError(
        "EBG-CONFIG",
        `the sandbox has no Kubernetes ${version} (${flag})`,
        `It has ${can}: choose with --from and --to, or set eks-blue-green:kubernetesVersion.`,
      );
  }
  if (supportedVersions.indexOf(to) <= supportedVersions.indexOf(from))
    throw new DriverError(
      "EBG-CONFIG",
      `--to ${to} is not newer than --from ${from}`,
      `An upgrade goes up: the sandbox has ${can}.`,
    );
  return { from, to };
}
