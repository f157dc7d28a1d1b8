/**
 * What EKS's own webhook puts into a pod whose service account has a Pod Identity association: the variables by which
 * SDKs find the agent, and a token for it (docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html,
 * 2026-12-01). Only while the pod is admitted: one that was made before EKS knew of the association never gets them.
 */

/** As EKS has it; the sandbox's stand-ins for images never ask there. */
const agentUrl = "http://169.254.170.23/v1/credentials";
const volumeName = "eks-pod-identity-token";
const folder = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

/** Associations are eventually consistent, "several seconds" (CreatePodIdentityAssociation), in AWS's time. */
export const spreadSeconds = 10;

interface Container {
  readonly env?: readonly { readonly name: string }[];
  readonly volumeMounts?: readonly object[];
}
interface Pod {
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

export interface KnownAssociation {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

function into(container: Container, region: string): Container {
  const has = (name: string): boolean => container.env?.some((one) => one.name === name) ?? false;
  const variables = [
    { name: "AWS_STS_REGIONAL_ENDPOINTS", value: "regional" },
    { name: "AWS_DEFAULT_REGION", value: region },
    { name: "AWS_REGION", value: region },
    { name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", value: agentUrl },
    { name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", value: `${folder}/${volumeName}` },
  ];
  return {
    ...container,
    env: [...(container.env ?? []), ...variables.filter(({ name }) => !has(name))],
    volumeMounts: [...(container.volumeMounts ?? []), { name: volumeName, mountPath: folder, readOnly: true }],
  };
}

/** JSON patch of a pod that is being made; null: it stays as it is. */
export function identityPatch(
  pod: Pod,
  namespace: string,
  known: readonly KnownAssociation[],
  { region, spreadMs, now }: { readonly region: string; readonly spreadMs: number; readonly now: number },
): readonly object[] | null {
  const account = pod.spec.serviceAccountName ?? "default";
  const found = known.find((one) => one.namespace === namespace && one.serviceAccount === account);
  if (found === undefined || now - found.createdAt < spreadMs) return null;
  const { containers, initContainers, volumes } = pod.spec;
  // Asked once more, after another webhook has changed the pod.
  if (volumes?.some(({ name }) => name === volumeName) === true) return null;
  const token = {
    name: volumeName,
    projected: {
      sources: [
        { serviceAccountToken: { audience: "pods.eks.amazonaws.com", expirationSeconds: 86_400, path: volumeName } },
      ],
    },
  };
  return [
    { op: "add", path: "/spec/containers", value: containers.map((one) => into(one, region)) },
    ...(initContainers === undefined
      ? []
      : [{ op: "add", path: "/spec/initContainers", value: initContainers.map((one) => into(one, region)) }]),
    { op: "add", path: "/spec/volumes", value: [...(volumes ?? []), token] },
  ];
}
