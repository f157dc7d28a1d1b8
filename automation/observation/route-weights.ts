/** Which group gets how much of a port's requests: as the shares say, as AWS tells it, and what differs. Pure. */
import { groupRefsOf, groupsOfPort, onePerPort, type GroupRefs } from "../../stacks/config/group-refs";
import type { ServiceTargetGroup } from "../../stacks/contract";
import { partByShares, type Shares } from "../../stacks/record";
import type { Route, RouteWeights } from "../ports";

/** By target group key; of groups that are not the environment's, by their ARN. */
export type PortWeights = Readonly<Record<string, number>>;

/** By the service's port; null: there is no such listener or rule. */
export type WeightsByPort = Readonly<Record<string, PortWeights | null>>;

/** Whether members have target groups of their own. */
export const isWeighted = (groupOf: GroupRefs): boolean => Object.values(groupOf).some(({ member }) => member !== null);

/** Members that get more after a change of shares, also when only the others' got less. */
export const risingMembers = (from: Shares, to: Shares): string[] =>
  Object.keys(to).filter((member) => partByShares(to, member) > partByShares(from, member));

type Services = Readonly<Record<string, ServiceTargetGroup>>;

/** One for each port: all of its groups are in the same listener or rule. */
export const routesOf = (services: Services): readonly (Route & { readonly port: string })[] =>
  onePerPort(groupRefsOf(services)).flatMap(({ key, port }) => {
    const group = services[key];
    if (group === undefined) return [];
    const { loadBalancerArn, listenerArn, ruleArn } = group;
    return [{ port, loadBalancerArn, listenerArn, ruleArn: ruleArn ?? null }];
  });

/** What AWS answered of `routesOf`, in the environment's names. */
export function weightsByPort(services: Services, seen: readonly RouteWeights[]): WeightsByPort {
  const keyOf = new Map(Object.values(services).map(({ name, targetGroupArn }) => [targetGroupArn, name]));
  return Object.fromEntries(
    routesOf(services).map(({ port, listenerArn, ruleArn }) => {
      const weights = seen.find((one) => one.listenerArn === listenerArn && one.ruleArn === ruleArn)?.weights ?? null;
      if (weights === null) return [port, null];
      return [
        port,
        Object.fromEntries(Object.entries(weights).map(([arn, weight]) => [keyOf.get(arn) ?? arn, weight])),
      ];
    }),
  );
}

/** Every member's group is listed, at 0 where it gets nothing: one that no rule lists has no health checks. */
export const expectedWeights = (groupOf: GroupRefs, shares: Shares): WeightsByPort =>
  Object.fromEntries(
    onePerPort(groupOf).map(({ port }) => [
      port,
      Object.fromEntries(groupsOfPort(groupOf, port).map((key) => [key, shares[groupOf[key]?.member ?? ""] ?? 0])),
    ]),
  );

const described = (weights: PortWeights): string =>
  Object.keys(weights).length === 0
    ? "no group"
    : Object.entries(weights)
        .map(([key, weight]) => `${key.split("@").at(-1) ?? key} ${weight}`)
        .join(", ");

/** What one route has that it should not have, or lacks; null: it is as it should be. */
export function differenceAt(port: string, wanted: PortWeights, seen: PortWeights | null | undefined): string | null {
  if (seen == null) return `'${port}' has no listener or rule any more`;
  const keys = new Set([...Object.keys(wanted), ...Object.keys(seen)]);
  const same = [...keys].every((key) => wanted[key] !== undefined && wanted[key] === seen[key]);
  return same ? null : `'${port}' has ${described(seen)} instead of ${described(wanted)}`;
}

/** What differs in each route that is not as `wanted` says, nor as one of the others `orElse` that it may have too. */
export const differences = (
  wanted: WeightsByPort,
  seen: WeightsByPort,
  orElse: readonly WeightsByPort[] = [],
): readonly string[] =>
  Object.entries(wanted).flatMap(([port, weights]) => {
    const problem = differenceAt(port, weights ?? {}, seen[port]);
    if (problem === null || orElse.some((other) => differenceAt(port, other[port] ?? {}, seen[port]) === null))
      return [];
    return [problem];
  });
