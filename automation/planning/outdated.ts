/**
 * Members that were made with other settings than the config has now, of those that only a new member can have. Pure.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { memberSubnetsOf } from "../../stacks/config/member-subnets";
import type { ClusterMade, EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { nodesWanted } from "../../stacks/config/nodes-made";

/** A setting that a member keeps until it is made anew. */
export interface MadeDifference {
  /** Of the config, like `cluster.nodes.instanceTypes`. */
  readonly path: string;
  /** What the member was made with. null: nothing was said, EKS's default. */
  readonly made: unknown;
  /** What a member that is made now gets. */
  readonly wanted: unknown;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
/**
 * Subnets that a member lacks tell something only where the config names those of members: a zone that was added for
 * the load balancer, or a VPC that grew, is no reason to make clusters anew. One that it has and must not keep is.
 */
function keepsItsSubnets(made: readonly string[], wanted: readonly string[], { network }: EnvironmentConfig): boolean {
  const isNamed = network.existing !== null || network.memberZones !== undefined;
  return !isNamed && made.length > 0 && made.every((id) => wanted.includes(id));
}

const sorted = (ids: readonly string[]): string[] => [...ids].sort();

function differencesOf(
  made: ClusterMade,
  config: EnvironmentConfig,
  privateSubnetIds: readonly string[],
): MadeDifference[] {
  const nodes = made.nodes ?? null;
  const wanted = nodesWanted(config);
  const subnets = memberSubnetsOf(config, privateSubnetIds);
  const pairs: MadeDifference[] = [
    ...(nodes === null
      ? []
      : (Object.keys(wanted) as (keyof typeof wanted)[]).map((key) => ({
          path: `cluster.nodes.${key}`,
          made: nodes[key],
          wanted: wanted[key],
        }))),
    { path: "cluster.kmsKeyArn", made: made.kmsKeyArn, wanted: config.cluster.kmsKeyArn ?? null },
    {
      path: "cluster.permissionsBoundaryArn",
      made: made.permissionsBoundaryArn ?? null,
      wanted: config.cluster.permissionsBoundaryArn ?? null,
    },
    {
      path: config.network.existing === null ? "network.memberZones" : "network.existing.privateSubnetIds",
      made: sorted(made.privateSubnetIds),
      wanted: sorted(keepsItsSubnets(made.privateSubnetIds, subnets, config) ? made.privateSubnetIds : subnets),
    },
  ];
  return pairs.filter((one) => !same(one.made, one.wanted));
}

/**
 * By member; without those that have what the config says. A member in somebody else's cluster has nothing to compare,
 * and one that an older version of the package made has only what that version remembered.
 */
export function outdatedMembers(
  config: EnvironmentConfig,
  { network }: Pick<EnvironmentOutputs, "network">,
  members: Readonly<Record<string, Pick<MemberOutputs, "made">>>,
): Readonly<Record<string, readonly MadeDifference[]>> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, { made }]) => {
      const differences = made === undefined ? [] : differencesOf(made, config, network.privateSubnetIds);
      return differences.length === 0 ? [] : [[name, differences] as const];
    }),
  );
}

/** What a new member would get that those lack, for people: it is compared with what was rolled back. null: nothing. */
export function settingsWanted(outdated: Readonly<Record<string, readonly MadeDifference[]>>): string | null {
  const all = Object.values(outdated).flatMap((differences) =>
    differences.map(({ path, wanted }) => `${path} ${JSON.stringify(wanted)}`),
  );
  return all.length === 0 ? null : [...new Set(all)].sort().join(", ");
}
