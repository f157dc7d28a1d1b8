/** What has to be known of the network before a rollout, or before `up`. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import type { EnvironmentRecord, Step } from "../../stacks/record";
import type { NetworkQuestion } from "./network";

/** Members whose clusters this project makes. */
const ownMembers = ({ memberClusters }: EnvironmentConfig, members: readonly string[]): string[] =>
  members.filter((member) => memberClusters?.[member]?.existing == null);

/** What is still to be made, or upgraded in place, of what the rollout will do. */
export function networkOfRollout({
  environment: { region, config, network },
  deployed,
  record,
  members,
  steps,
}: {
  readonly environment: EnvironmentOutputs;
  readonly deployed: EnvironmentConfig;
  readonly record: EnvironmentRecord;
  readonly members: Readonly<Record<string, MemberOutputs>>;
  readonly steps: readonly Step[];
}): NetworkQuestion {
  const left = steps.slice(record.rollout?.done ?? 0).flatMap((step) => (step.type === "move" ? [step] : []));
  const of = (kind: "provision" | "upgrade"): string[] => [
    ...new Set(left.filter((move) => move.kind === kind).map(({ member }) => member)),
  ];
  return {
    region,
    config,
    deployed: { zones: deployed.network.availabilityZones, privateSubnetIds: network.privateSubnetIds },
    makes: ownMembers(config, of("provision")).filter((member) => members[member] === undefined),
    upgrades: Object.fromEntries(
      of("upgrade").map((member) => [member, members[member]?.made?.privateSubnetIds ?? network.privateSubnetIds]),
    ),
  };
}

/** `outputs` are the environment's, null before its first deployment; `makes`: members that `up` deploys for the first time. */
export const networkOfUp = (
  config: EnvironmentConfig,
  region: string,
  outputs: Pick<EnvironmentOutputs, "config" | "network"> | null,
  makes: readonly string[],
): NetworkQuestion => ({
  region,
  config,
  deployed:
    outputs === null
      ? null
      : { zones: outputs.config.network.availabilityZones, privateSubnetIds: outputs.network.privateSubnetIds },
  makes: ownMembers(config, makes),
  upgrades: {},
});
