/** Whether EKS gave pods their credentials, and new pods for those that got none. */
import type { MemberOutputs } from "../../../stacks/contract";
import type { PodIdentities } from "../../ports/pod-identities";
import { getList } from "./client";
import { patch } from "./patch";
import { isLive, labelSelector } from "./pods";
import { restartAnnotation } from "./services";

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly serviceAccountName?: string;
    readonly containers?: readonly { readonly env?: readonly { readonly name: string }[] }[];
  };
  readonly status?: { readonly phase?: string };
}

/** EKS's webhook gives it to every container while it admits a pod, and never later. */
const variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/** Pods of another account are an older template's, on their way out. */
export function identitiesOf(pods: readonly Pod[], account: string): PodIdentities {
  const own = pods.filter(
    (pod) => isLive({ ...pod, status: pod.status ?? {} }) && pod.spec?.serviceAccountName === account,
  );
  const has = ({ spec }: Pod): boolean =>
    spec?.containers?.every(({ env }) => env?.some(({ name }) => name === variable) === true) === true;
  const names = (list: readonly Pod[]): string[] => list.map(({ metadata }) => metadata.name).sort();
  return { given: names(own.filter(has)), lacking: names(own.filter((pod) => !has(pod))) };
}

export async function podIdentities(
  member: MemberOutputs,
  namespace: string,
  selector: Readonly<Record<string, string>>,
  account: string,
): Promise<PodIdentities> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${labelSelector(selector)}`;
  return identitiesOf(await getList<Pod>(member, path), account);
}

export async function restartDeployment(
  member: MemberOutputs,
  namespace: string,
  name: string,
  token: string,
): Promise<void> {
  await patch(
    member,
    `/apis/apps/v1/namespaces/${namespace}/deployments/${name}?fieldManager=eks-blue-green-restart`,
    "strategic-merge-patch",
    { spec: { template: { metadata: { annotations: { [restartAnnotation]: token } } } } },
  );
}
