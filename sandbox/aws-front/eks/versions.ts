/**
 * Kubernetes versions and the add-on versions that go with them: those of autumn 2026, plausible rather than complete.
 */
import { invalid, type Json, notFound } from "./store";

export const minors = ["1.33", "1.34", "1.35", "1.36"] as const;
export const newest = "1.36";
export const minor = (version: string): number => Number(version.split(".")[1]);

export function checkVersion(version: string): string {
  if (!(minors as readonly string[]).includes(version))
    throw invalid(`unsupported Kubernetes version ${version}; the sandbox has ${minors.join(", ")}`);
  return version;
}

export const clusterVersions = (): Json[] =>
  [...minors].reverse().map((clusterVersion) => ({
    clusterVersion,
    clusterType: "eks",
    defaultVersion: clusterVersion === "1.35",
    defaultPlatformVersion: "eks.9",
    kubernetesPatchVersion: `${clusterVersion}.3`,
    status: "standard-support",
    versionStatus: "STANDARD_SUPPORT",
    releaseDate: Date.UTC(2025, 4 + 4 * (minor(clusterVersion) - 33), 29) / 1000,
    endOfStandardSupportDate: Date.UTC(2026, 6 + 4 * (minor(clusterVersion) - 33), 29) / 1000,
    endOfExtendedSupportDate: Date.UTC(2027, 6 + 4 * (minor(clusterVersion) - 33), 29) / 1000,
  }));

const addonVersions: Readonly<Record<string, (version: string) => string[]>> = {
  "vpc-cni": () => ["v1.21.1-eksbuild.3", "v1.20.4-eksbuild.1"],
  coredns: (version) => [
    `v1.${minor(version) >= 35 ? 13 : 12}.${minor(version) >= 35 ? 1 : 4}-eksbuild.1`,
    "v1.12.1-eksbuild.2",
  ],
  "kube-proxy": (version) => [`v${version}.3-eksbuild.2`, `v${version}.0-eksbuild.2`],
  "eks-pod-identity-agent": () => ["v1.3.10-eksbuild.1", "v1.3.9-eksbuild.3"],
  "aws-ebs-csi-driver": () => ["v1.53.0-eksbuild.1"],
  "metrics-server": () => ["v0.8.0-eksbuild.3"],
};

export const knownAddon = (name: string): boolean => Object.hasOwn(addonVersions, name);
/** Newest first; the first is the default. */
export function versionsOf(name: string, kubernetes: string): string[] {
  const versions = knownAddon(name) ? addonVersions[name]?.(kubernetes) : undefined;
  if (!versions)
    throw notFound(`Addon ${name} specified is not supported in ${kubernetes} kubernetes version`, { addonName: name });
  return versions;
}

export function describeAddonVersions(query: URLSearchParams): Json[] {
  const [name, version] = [query.get("addonName"), query.get("kubernetesVersion")];
  const names = name === null ? Object.keys(addonVersions) : [name];
  const wanted = version === null ? [...minors] : [checkVersion(version)];
  return names
    .filter((one) => name !== null || knownAddon(one))
    .map((addonName) => {
      const byVersion = new Map<string, Json[]>();
      for (const clusterVersion of wanted)
        versionsOf(addonName, clusterVersion).forEach((addon, index) =>
          byVersion.set(addon, [
            ...(byVersion.get(addon) ?? []),
            { clusterVersion, platformVersions: ["*"], defaultVersion: index === 0 },
          ]),
        );
      return {
        addonName,
        type: "networking",
        owner: "aws",
        publisher: "eks",
        addonVersions: [...byVersion].map(([addonVersion, compatibilities]) => ({
          addonVersion,
          architecture: ["amd64", "arm64"],
          computeTypes: ["ec2"],
          compatibilities,
          requiresConfiguration: false,
          requiresIamPermissions: addonName === "vpc-cni",
        })),
      };
    });
}
