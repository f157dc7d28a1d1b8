/** Paths of the API server that the controller uses. */
const BINDINGS = "/apis/elbv2.k8s.aws/v1beta1";

export const paths = {
  allBindings: `${BINDINGS}/targetgroupbindings`,
  bindings: (namespace: string): string => `${BINDINGS}/namespaces/${namespace}/targetgroupbindings`,
  service: (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/services/${name}`,
  services: (namespace: string): string => `/api/v1/namespaces/${namespace}/services`,
  binding: (namespace: string, name: string): string =>
    `${BINDINGS}/namespaces/${namespace}/targetgroupbindings/${name}`,
  allServices: "/api/v1/services",
  allPods: "/api/v1/pods",
  allNodes: "/api/v1/nodes",
  pod: (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`,
  allSlices: "/apis/discovery.k8s.io/v1/endpointslices",
  configMaps: (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`,
  configMap: (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`,
  events: (namespace: string): string => `/api/v1/namespaces/${namespace}/events`,
} as const;
