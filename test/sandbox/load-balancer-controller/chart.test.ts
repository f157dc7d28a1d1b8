import assert from "node:assert/strict";
import { chartManifests, type ChartValues } from "../../../sandbox/load-balancer-controller/chart";

interface Manifest { readonly kind: string; readonly spec?: { readonly selector?: { readonly matchLabels?: object }; readonly maxUnavailable?: number; readonly template?: { readonly metadata: { readonly labels: object }; readonly spec: { readonly affinity?: object } } } }
const install = (values: ChartValues): Manifest[] => chartManifests({ releaseName: "aws-load-balancer-controller", namespace: "kube-system", version: "3.5.0", values: { clusterName: "blue", ...values } }) as Manifest[];
const of = (manifests: readonly Manifest[], kind: string): Manifest | undefined => manifests.find((one) => one.kind === kind);

describe("the controller's chart", () => {
  it("keeps one replica where a node goes, when a budget is asked for and there are two", () => {
    const manifests = install({ podDisruptionBudget: { maxUnavailable: 1 } });
    assert.equal(of(manifests, "PodDisruptionBudget")?.spec?.maxUnavailable, 1);
    assert.deepEqual(of(manifests, "PodDisruptionBudget")?.spec?.selector?.matchLabels, of(manifests, "Deployment")?.spec?.template?.metadata.labels);
    assert.equal(of(install({}), "PodDisruptionBudget"), undefined);
    // A single replica with a budget could never leave its node.
    assert.equal(of(install({ podDisruptionBudget: { maxUnavailable: 1 }, replicaCount: 1 }), "PodDisruptionBudget"), undefined);
  });

  it("prefers two nodes for two replicas, unless told otherwise", () => {
    const affinity = (values: ChartValues): object | undefined => of(install(values), "Deployment")?.spec?.template?.spec.affinity;
    assert.match(JSON.stringify(affinity({})), /"podAntiAffinity".*"aws-load-balancer-controller".*"kubernetes\.io\/hostname"/);
    assert.equal(affinity({ configureDefaultAffinity: false }), undefined);
    assert.deepEqual(affinity({ affinity: { nodeAffinity: {} } }), { nodeAffinity: {} });
  });
});
