/** What has to be known of the network before a rollout, or before `up`. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { memberMoves, type EnvironmentRecord, type Step } from "../../stacks/record";
import { asksZones, type NetworkQuestion } from "./network";

/** Members whose clusters this project makes. */
const ownMembers = ({ memberClusters }: EnvironmentConfig, members: readonly string[]): string[] =>
  members.filter((member) => memberClusters?.[member]?.existing == null);

/**
 * What is to be made, or upgraded in place, of what the rollout will still do. What is being made has taken its
 * addresses already. Null: nothing is, so nothing has to be asked.
 */
export function networkOfRollout({
  environment: { region, config, network },
  deployed,
  record: { rollout, intent },
  members,
  ahead,
}: {
  readonly environment: EnvironmentOutputs;
  readonly deployed: EnvironmentConfig;
  readonly record: Pick<EnvironmentRecord, "rollout" | "intent">;
  readonly members: Readonly<Record<string, MemberOutputs>>;
  readonly ahead: readonly Step[];
}): NetworkQuestion | null {
  const moves = memberMoves(ahead);
  const of = (kind: "provision" | "upgrade"): string[] => {
    const named = new Set(moves.filter((move) => move.kind === kind).map(({ member }) => member));
    if (intent?.move.kind === kind) named.delete(intent.move.member);
    return [...named];
  };
  const makes = ownMembers(config, of("provision")).filter((member) => members[member] === undefined);
  const upgrades = Object.fromEntries(
    of("upgrade").map((member) => [member, members[member]?.made?.privateSubnetIds ?? network.privateSubnetIds]),
  );
  if (makes.length === 0 && Object.keys(upgrades).length === 0) return null;
  return {
    region,
    config,
    deployed: { zones: deployed.network.availabilityZones, privateSubnetIds: network.privateSubnetIds },
    makes,
    upgrades,
    underWay: rollout !== null,
  };
}

/**
 * `outputs` are the environment's, null before its first deployment; `makes`: members that `up` deploys for the first
 * time, and of whose stacks nothing is there yet. Null: nothing is made, and the network stays as it is.
 */
export function networkOfUp(
  config: EnvironmentConfig,
  region: string,
  outputs: Pick<EnvironmentOutputs, "config" | "network"> | null,
  makes: readonly string[],
): NetworkQuestion | null {
  const own = ownMembers(config, makes);
  const question: NetworkQuestion = {
    region,
    config,
    deployed:
      outputs === null
        ? null
        : { zones: outputs.config.network.availabilityZones, privateSubnetIds: outputs.network.privateSubnetIds },
    makes: own,
    upgrades: {},
    underWay: false,
  };
  const otherSubnets = outputs !== null && !isDeepStrictEqual(outputs.config.network.existing, config.network.existing);
  return own.length > 0 || otherSubnets || asksZones(question) ? question : null;
}
