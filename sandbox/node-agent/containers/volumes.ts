/** ConfigMaps and Secrets that a pod's volumes are made of: nothing of it starts before they are there. */
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone } from "../../kubernetes/retry";
import type { Pod } from "../../kubernetes/types";
import { CreateContainerConfigError } from "./environment";

/**
 * Projected volumes are left out: Kubernetes itself puts one into every pod.
 * @throws CreateContainerConfigError, in a kubelet's words, while one that isn't optional is missing
 */
export async function volumesAreThere(client: Pick<ApiClient, "get">, pod: Pod): Promise<void> {
  const namespace = pod.metadata.namespace ?? "default";
  for (const { name: volume, secret, configMap } of pod.spec.volumes ?? []) {
    const wanted =
      secret === undefined
        ? { kind: "configmap", name: configMap?.name, optional: configMap?.optional }
        : { kind: "secret", name: secret.secretName, optional: secret.optional };
    if (wanted.name === undefined || wanted.optional === true) continue;
    const found = await orGone(client.get<object>(`/api/v1/namespaces/${namespace}/${wanted.kind}s/${wanted.name}`));
    if (found === undefined)
      throw new CreateContainerConfigError(
        `MountVolume.SetUp failed for volume "${volume}": ${wanted.kind} "${wanted.name}" not found`,
      );
  }
}
