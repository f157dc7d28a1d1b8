/** Which kubernetes provider a sandbox serves: Pulumi's own, or the stand-in. */

export const kubernetesProviders = ["stand-in", "official"] as const;
export type KubernetesProvider = (typeof kubernetesProviders)[number];

const variable = "EBG_KUBERNETES_PROVIDER";

/** What `--provider kubernetes=…` says, else the variable EBG_KUBERNETES_PROVIDER (for tests), else the stand-in. */
export function chosenKubernetesProvider(
  providers: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): KubernetesProvider {
  const said = [providers["kubernetes"], env[variable]];
  const known = (text: string | undefined): text is KubernetesProvider =>
    (kubernetesProviders as readonly (string | undefined)[]).includes(text);
  return said.find(known) ?? "stand-in";
}
