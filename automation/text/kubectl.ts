import { shell } from "./shell";

export { shellQuote } from "./shell";

/**
 * How a remedy's kubectl begins, so that it can be pasted as it stands. A context's name is the matter of whoever wrote
 * the kubeconfig; this
 * package's own convention is the cluster's name: what the sandbox writes, and `aws eks update-kubeconfig --name
 * dev-blue --alias dev-blue`.
 */
export const kubectl = (clusterName: string, namespace?: string): string =>
  shell`kubectl --context ${clusterName}` + (namespace === undefined ? "" : shell` -n ${namespace}`);
