/** Which pods of a list are meant. Pure. */

interface PodState {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: string };
}

/** As a list asks for it. */
export const labelSelector = (labels: Readonly<Record<string, string>>): string =>
  encodeURIComponent(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  );

/** Nothing of it runs any more. */
export const hasEnded = ({ status }: Pick<PodState, "status">): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

/** It may serve: it has neither ended nor is it on its way out. */
export const isLive = (pod: PodState): boolean => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
