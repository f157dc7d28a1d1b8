/** The Node object of one node, as a kubelet on an EKS managed node registers it. Pure. */
import type { NodeSpec } from "../../contract";
import type { Condition, Node } from "../../kubernetes/types";

/** Marks the nodes that an agent of the sandbox made, so that a restarted agent removes only those. */
export const MANAGED_ANNOTATION = "sandbox.eks-blue-green/node-agent";

/** The controller takes nodes with it out of target groups that target instances. */
export const EXCLUDED_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Of the instance types that the sandbox hands out; rehearsals shall not fail for want of room. */
const CAPACITY: Readonly<Record<string, string>> = {
  cpu: "64",
  memory: "256Gi",
  "ephemeral-storage": "100Gi",
  "hugepages-1Gi": "0",
  "hugepages-2Mi": "0",
};
const DEFAULT_INSTANCE_TYPE = "m6i.large";

export function nodeObject(spec: NodeSpec, region: string): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: spec.name,
      labels: nodeLabels(spec, region),
      annotations: { [MANAGED_ANNOTATION]: "true" },
    },
    spec: {
      providerID: `aws:///${spec.availabilityZone}/${spec.instanceId}`,
      ...(spec.leaving === true ? { unschedulable: true } : {}),
      ...(spec.taints.length > 0 ? { taints: spec.taints } : {}),
    },
  };
}

function nodeLabels(spec: NodeSpec, region: string): Record<string, string> {
  const instanceType = spec.labels["node.kubernetes.io/instance-type"] ?? DEFAULT_INSTANCE_TYPE;
  return {
    "beta.kubernetes.io/arch": "amd64",
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/os": "linux",
    "kubernetes.io/hostname": spec.name,
    "node.kubernetes.io/instance-type": instanceType,
    "beta.kubernetes.io/instance-type": instanceType,
    "topology.kubernetes.io/zone": spec.availabilityZone,
    "topology.kubernetes.io/region": region,
    "failure-domain.beta.kubernetes.io/zone": spec.availabilityZone,
    "failure-domain.beta.kubernetes.io/region": region,
    "eks.amazonaws.com/nodegroup": spec.nodegroup,
    "eks.amazonaws.com/capacityType": "ON_DEMAND",
    ...(spec.leaving === true ? { [EXCLUDED_LABEL]: "true" } : {}),
    ...spec.labels,
  };
}

/** `1.35` → `v1.35.0-eks-sandbox`. */
export function kubeletVersion(minor: string): string {
  return `v${minor}.0-eks-sandbox`;
}

/** `kubeletPort`: of the server that has its logs, on 127.0.0.1; null: none. */
export function nodeStatus(
  spec: NodeSpec,
  previous: readonly Condition[],
  now: string,
  kubeletPort: number | null = null,
): Record<string, unknown> {
  const resources = { ...CAPACITY, pods: String(Math.max(1, spec.podAddresses.length)) };
  const condition = (type: string, status: "True" | "False", reason: string, message: string): Condition => {
    const before = previous.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : now;
    return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
  };
  const version = kubeletVersion(spec.version);
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ],
    addresses: [
      { type: "InternalIP", address: spec.address },
      { type: "InternalDNS", address: spec.name },
      { type: "Hostname", address: spec.name },
      // The only one that an API server of the sandbox dials (see control-plane/flags.ts).
      ...(kubeletPort === null ? [] : [{ type: "ExternalDNS", address: "127.0.0.1" }]),
    ],
    ...(kubeletPort === null ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } } }),
    nodeInfo: {
      machineID: spec.instanceId,
      systemUUID: spec.instanceId,
      bootID: spec.instanceId,
      kernelVersion: "sandbox",
      osImage: "eks-blue-green sandbox",
      containerRuntimeVersion: "sandbox://1.0",
      kubeletVersion: version,
      // Deprecated and empty since 1.33, but required by the API.
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: "amd64",
    },
  };
}
