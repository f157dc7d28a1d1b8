import assert from "node:assert/strict";
import { chartManifests, type ChartValues } from "../../../../sandbox/load-balancer-controller/chart/chart";

interface Manifest {
  readonly kind: string;
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: object };
    readonly maxUnavailable?: number;
    readonly template?: {
      readonly metadata: { readonly labels: object };
      readonly spec: { readonly affinity?: object };
    };
  };
}
const install = (values: ChartValues): Manifest[] =>
  chartManifests({
    releaseName: "aws-load-balancer-controller",
    namespace: "kube-system",
    version: "3.5.0",
    values: { clusterName: "blue", ...values },
  }) as Manifest[];
const of = (manifests: readonly Manifest[], kind: string): Manifest | undefined =>
  manifests.find((one) => one.kind === kind);

describe("the controller's chart", () => {
  it("keeps one replica where a node goes, when a budget is asked for and there are two", () => {
    const manifests = install({ podDisruptionBudget: { maxUnavailable: 1 } });
    assert.equal(of(manifests, "PodDisruptionBudget")?.spec?.maxUnavailable, 1);
    assert.deepEqual(
      of(manifests, "PodDisruptionBudget")?.spec?.selector?.matchLabels,
      of(manifests, "Deployment")?.spec?.template?.metadata.labels,
    );
    assert.equal(of(install({}), "PodDisruptionBudget"), undefined);
    // A single replica with a budget could never leave its node.
    assert.equal(
      of(install({ podDisruptionBudget: { maxUnavailable: 1 }, replicaCount: 1 }), "PodDisruptionBudget"),
      undefined,
    );
  });

  it("of line 1 installs a controller of line 2, and from 3 on one of its own version", () => {
    const image = (version: string): unknown =>
      (
        of(
          chartManifests({
            releaseName: "aws-load-balancer-controller",
            namespace: "kube-system",
            version,
            values: { clusterName: "blue" },
          }) as Manifest[],
          "Deployment",
        ) as { spec?: { template?: { spec: { containers?: { image: string }[] } } } }
      ).spec?.template?.spec.containers?.[0]?.image;
    assert.equal(image("1.13.0"), "public.ecr.aws/eks/aws-load-balancer-controller:v2.13.0");
    assert.equal(image("3.5.0"), "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0");
  });

  it("prefers two nodes for two replicas, unless told otherwise", () => {
    const affinity = (values: ChartValues): object | undefined =>
      of(install(values), "Deployment")?.spec?.template?.spec.affinity;
    assert.match(
      JSON.stringify(affinity({})),
      /"podAntiAffinity".*"aws-load-balancer-controller".*"kubernetes\.io\/hostname"/,
    );
    assert.equal(affinity({ configureDefaultAffinity: false }), undefined);
    assert.deepEqual(affinity({ affinity: { nodeAffinity: {} } }), { nodeAffinity: {} });
  });
});
