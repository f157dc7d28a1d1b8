/**
 * Which resources a user's function declares, however it declares them: each resource that is constructed in its
 * asynchronous context. The driver leaves these alone while traffic moves.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";

/** What a function's resources have when the program says nothing else. */
export interface Defaults {
  /** By package, for resources without a parent. */
  readonly providers: Readonly<Record<string, pulumi.ProviderResource>>;
  /** Everything in the cluster, add-ons too, comes after these, and goes before them: whatever ends it in order still runs. */
  readonly clusterRunsAfter: readonly pulumi.Resource[];
}

interface Running extends Defaults {
  readonly seen: Set<pulumi.Resource>;
  /** Without those below others. */
  readonly roots: pulumi.Resource[];
}

const running = new AsyncLocalStorage<Running>();

const packageOf = (type: string): string => type.split(":")[0] ?? "";

type Options = pulumi.ComponentResourceOptions & pulumi.CustomResourceOptions;

/** As a component takes them: a list or a map. */
function providersOf(given: Options["providers"]): Readonly<Record<string, pulumi.ProviderResource>> {
  if (!Array.isArray(given)) return (given ?? {}) as Readonly<Record<string, pulumi.ProviderResource>>;
  // The SDK keeps this method out of its types.
  const list = given as (pulumi.ProviderResource & { getPackage(): string })[];
  return Object.fromEntries(list.map((one) => [one.getPackage(), one]));
}

function withProviders(
  { resource, type }: pulumi.ResourceTransformationArgs,
  opts: Options,
  { providers }: Defaults,
): Options {
  const parentless = opts.parent === undefined || opts.parent === pulumi.runtime.getStackResource();
  if (!parentless || opts.provider !== undefined || type.startsWith("pulumi:")) return opts;
  if (pulumi.CustomResource.isInstance(resource)) {
    const provider = providers[packageOf(type)];
    return provider === undefined ? opts : { ...opts, provider };
  }
  return { ...opts, providers: { ...providers, ...providersOf(opts.providers) } };
}

/** An add-on is ready when its pods are, and these need nodes. */
const isInCluster = (type: string): boolean => packageOf(type) === "kubernetes" || type === "aws:eks/addon:Addon";

function withOrder(type: string, opts: Options, { clusterRunsAfter }: Defaults): Options {
  if (!isInCluster(type) || clusterRunsAfter.length === 0) return opts;
  const dependsOn = pulumi
    .output(opts.dependsOn ?? [])
    .apply((given) => [...(Array.isArray(given) ? given : [given]), ...clusterRunsAfter]) as pulumi.Output<
    pulumi.Resource[]
  >;
  return { ...opts, dependsOn };
}

/** Before the stack's first resource: a component keeps those that were there when it was made. */
export function watchResources(): void {
  pulumi.runtime.registerStackTransformation((args) => {
    const now = running.getStore();
    if (now === undefined) return undefined;
    const { parent } = args.opts;
    now.seen.add(args.resource);
    if (parent === undefined || !now.seen.has(parent)) now.roots.push(args.resource);
    const opts = withOrder(args.type, withProviders(args, args.opts as Options, now), now);
    return { props: args.props, opts };
  });
}

/** Runs the function; answers what it answered, and the URNs of what it declared. */
export async function declareOwn<Result>(
  defaults: Defaults,
  declare: () => Result | Promise<Result>,
): Promise<{ readonly result: Result; readonly resources: pulumi.Output<readonly string[]> }> {
  const now: Running = { ...defaults, seen: new Set(), roots: [] };
  const result = await running.run(now, async () => await declare());
  return { result, resources: pulumi.all(now.roots.map(({ urn }) => urn)).apply((urns) => [...urns].sort()) };
}
