/** Which tools the sandbox runs, in which versions, and where each can come from. */

export type ToolName =
  | "pulumi"
  | "pulumi-language-nodejs"
  | "pulumi-resource-kubernetes"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubectl"
  | "etcd";
export type GoModule = "pulumi" | "language-host" | "kubernetes";

export const versions = {
  pulumi: "3.246.0",
  languageHost: "3.68.0",
  /** No tag of its module is a released version: this is the commit of the day before 4.25.0. */
  kubernetesProvider: "4.0.0-20260115033456-f47bc2d6f199",
  kubernetes: "1.36.3",
  etcd: "3.6.13",
} as const;

export interface Tool {
  readonly name: ToolName;
  /** Version that is downloaded or built. */
  readonly version: string;
  /** How the version is asked for on PATH; null: it can't say. */
  readonly versionArgs: readonly string[] | null;
  /** Which versions on PATH will do. */
  readonly accepts: (version: readonly number[]) => boolean;
  readonly accepted: string;
  readonly module: GoModule;
  readonly goPackage: string;
  readonly ldflags: string;
  /** Files that its main embeds and that lie in another module: the build copies them beside that main. */
  readonly embeds?: Embeds;
}

export interface Embeds {
  readonly module: string;
  /** Of the module, relative to its folder. */
  readonly files: readonly string[];
}

const kubernetesFlags =
  `-X k8s.io/component-base/version.gitVersion=v${versions.kubernetes} -X k8s.io/component-base/version.gitMajor=1 ` +
  "-X k8s.io/component-base/version.gitMinor=36 -X k8s.io/component-base/version.gitTreeState=clean";

const at = (version: readonly number[], index: number): number => version[index] ?? 0;

function kubernetes(name: ToolName): Tool {
  return {
    name,
    version: versions.kubernetes,
    versionArgs: ["--version"],
    accepts: (version) => at(version, 0) === 1 && at(version, 1) === 36,
    accepted: "1.36.x, the same for all three",
    module: "kubernetes",
    goPackage: `k8s.io/kubernetes/cmd/${name}`,
    ldflags: kubernetesFlags,
  };
}

export const catalog: readonly Tool[] = [
  {
    name: "pulumi",
    version: versions.pulumi,
    versionArgs: ["version"],
    accepts: (version) => at(version, 0) === 3 && at(version, 1) >= 246,
    accepted: "at least 3.246, below 4",
    module: "pulumi",
    goPackage: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${versions.pulumi}`,
  },
  // Has no flag for its version, and any of major 3 serves the engine.
  {
    name: "pulumi-language-nodejs",
    version: versions.languageHost,
    versionArgs: null,
    accepts: () => true,
    accepted: "any",
    module: "language-host",
    goPackage: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    ldflags: "",
  },
  // Has no flag for its version either, and the engine does not compare that of a plugin on PATH.
  {
    name: "pulumi-resource-kubernetes",
    version: versions.kubernetesProvider,
    versionArgs: null,
    accepts: () => true,
    accepted: "any",
    module: "pulumi",
    goPackage: "./pulumi-resource-kubernetes",
    // As the next release says it: to API servers this is `pulumi-kubernetes/4.25.0`.
    ldflags: "-X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0",
    embeds: {
      module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
      files: ["cmd/pulumi-resource-kubernetes/schema.json", "cmd/pulumi-resource-kubernetes/terraform-mapping.json"],
    },
  },
  kubernetes("kube-apiserver"),
  kubernetes("kube-controller-manager"),
  kubernetes("kube-scheduler"),
  {
    ...kubernetes("kubectl"),
    versionArgs: ["version", "--client", "--output=json"],
    accepts: (version) => at(version, 0) === 1 && at(version, 1) >= 30,
    accepted: "at least 1.30",
  },
  {
    name: "etcd",
    version: versions.etcd,
    versionArgs: ["--version"],
    accepts: (version) => at(version, 0) === 3 && at(version, 1) >= 5,
    accepted: "at least 3.5, below 4",
    module: "kubernetes",
    goPackage: "./etcd",
    ldflags: "",
  },
];

/**
 * These three share internal formats, so that PATH must have all of them in one version, or none is taken from there.
 */
export const together: readonly ToolName[] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

export interface Download {
  readonly url: string;
  /** Of the downloaded file, in hex. */
  readonly sha256: string;
  /** Path inside the `.tar.gz`; null when the file is the binary itself. */
  readonly member: string | null;
}

/**
 * Official downloads by `<tool>-<version>-<platform>-<arch>`. Nothing is ever downloaded without a pin that was read
 * from two
 * sources, so a tool without an entry here is built from its Go module (whose sums are in go.sum).
 *
 * Empty today: for these versions no second published source of the sums could be consulted when the table was made
 * (the
 * distributions that repackage Pulumi carry other versions; Kubernetes publishes the server programs' sums only beside
 * the files).
 */
export const downloads: Readonly<Record<string, Download>> = {};
