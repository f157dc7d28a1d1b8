/** Which kubernetes provider a sandbox serves: Pulumi's own, or the stand-in (decision 0017). */

export const kubernetesProviders = ["official", "stand-in"] as const;
export type KubernetesProvider = (typeof kubernetesProviders)[number];

const variable = "EBG_KUBERNETES_PROVIDER";

/**
 * What `--provider kubernetes=…` says, else the variable EBG_KUBERNETES_PROVIDER (for tests), else Pulumi's own. Null:
 * somebody's own program, named by its path; nothing has to be built for it.
 */
export function chosenKubernetesProvider(
  providers: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): KubernetesProvider | null {
  const known = (text: string | undefined): text is KubernetesProvider =>
    (kubernetesProviders as readonly (string | undefined)[]).includes(text);
  const named = providers["kubernetes"];
  if (named !== undefined && !known(named)) return null;
  return [named, env[variable]].find(known) ?? "official";
}

/**
 * The providers of a rehearsal or test that has been seen whole with one of the two alone: that one, unless somebody
 * names another.
 */
export function preferring(
  provider: KubernetesProvider | undefined,
  providers: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return provider === undefined || env[variable] !== undefined ? providers : { kubernetes: provider, ...providers };
}
