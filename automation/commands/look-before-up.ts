/** What `up` looks at before it makes anything. */
import type { EnvironmentConfig } from "../../stacks/config";
import { initialRecord, parseRecord } from "../../stacks/record";
import type { Ports } from "../ports";
import { lookAtNetwork } from "../preflight/network";
import { networkOfUp } from "../preflight/network-question";
import { wantedConfig } from "./plan";
import { report } from "./settle-stacks";
import type { UpRun } from "./update-stack";

/** The wanted config; null when it has problems, which the program names better: all of them, in their places. */
function configOf({ config, environment }: UpRun): EnvironmentConfig | null {
  try {
    return wantedConfig(config, environment);
  } catch {
    return null;
  }
}

/**
 * What AWS would refuse only after the network is made, and what could not be taken back then.
 * @throws EBG-PREFLIGHT
 */
export async function lookBefore(ports: Ports, run: UpRun): Promise<void> {
  const config = configOf(run);
  if (config === null) return;
  const { outputs } = await ports.pulumi.readEnvironment();
  const record = outputs === null ? initialRecord(config) : parseRecord(outputs.record).record;
  if (record === null) return;
  const { placement } = record;
  const deployed = Object.keys(placement).filter((name) => placement[name]?.role !== "absent");
  const made =
    outputs === null
      ? []
      : await Promise.all(deployed.map(async (name) => [name, await ports.pulumi.readMember(name)] as const));
  // One that is half made has taken its addresses already, and only the update that goes on with it can end it.
  const begun = new Set(
    made.flatMap(([name, { outputs: known, resources }]) => (known === null && resources === 0 ? [] : [name])),
  );
  const makes = deployed.filter((name) => !begun.has(name));
  const region = outputs?.region ?? config.region;
  report(await lookAtNetwork(ports, networkOfUp(config, region, outputs, makes)), run);
}
