/** What of the config is not deployed yet, though members are made of it. */
import { isDeepStrictEqual } from "node:util";
import type { EnvironmentConfig } from "../../stacks/config";

/** Without what JSON leaves out: outputs have been through it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

/** Keys of the two that differ, `parent.key`. */
function keysThatDiffer(parent: string, a: object | undefined, b: object | undefined): string[] {
  const [left, right] = [(a ?? {}) as Record<string, unknown>, (b ?? {}) as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((key) => !isDeepStrictEqual(plain(left[key]), plain(right[key])))
    .map((key) => `${parent}.${key}`)
    .sort();
}

/**
 * Paths of the config whose values members would get with the next update of the environment, which every move begins
 * with: a preview of a
 * member reads what is deployed and sees nothing of them. Without what a rollout is there to change, and what the
 * driver alone reads.
 */
export function undeployed(deployed: EnvironmentConfig, wanted: EnvironmentConfig): string[] {
  const names = [...new Set([...deployed.services, ...wanted.services].map(({ name }) => name))];
  const service = (config: EnvironmentConfig, name: string): object | undefined => {
    const found = config.services.find((one) => one.name === name);
    return found === undefined ? undefined : { ...found, probePath: undefined };
  };
  return [
    ...names.flatMap((name) => keysThatDiffer(`services[${name}]`, service(deployed, name), service(wanted, name))),
    ...keysThatDiffer("cluster", deployed.cluster, wanted.cluster),
    ...keysThatDiffer("controller", deployed.controller, wanted.controller),
    ...keysThatDiffer("aws", deployed.aws, wanted.aws),
  ];
}
