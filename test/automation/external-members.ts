/** Members whose workload somebody else deploys, as they are observed. */
import type { MemberObservation, ObservedExternal } from "../../automation/observation/observe";

/** It is there, ready, and its images are compared. */
export const wellExternal: ObservedExternal = {
  serviceName: "shop/web",
  servicePort: 80,
  comparesImages: true,
  service: { selects: true, ports: [80] },
  pods: { total: 2, ready: 2 },
  images: ["sha256:a"],
  objects: [],
};

export const externalMember = (
  name: string,
  external: ObservedExternal = wellExternal,
  more: Partial<MemberObservation> = {},
): MemberObservation => ({
  name,
  clusterName: `dev-${name}`,
  reachable: true,
  problem: "",
  nodes: null,
  controller: null,
  services: {
    web: {
      declaredBinding: null,
      bindings: [],
      recorded: null,
      endpoints: [],
      deployment: null,
      external,
      pods: 0,
    },
  },
  ...more,
});
