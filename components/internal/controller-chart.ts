/** Where the controller's Helm chart comes from, and under which version. Pure. */

/** Charts have the controller's version since 3.0.0; the chart of controller 2.13.0 is 1.13.0. */
export function chartVersionOf(controllerVersion: string): string {
  return controllerVersion.replace(/^2\./, "1.");
}

const isFolder = (chart: string): boolean => /^[./~]/.test(chart);

/** A folder or a chart's whole address needs no repository. */
export const standsAlone = (chart: string): boolean => isFolder(chart) || chart.startsWith("oci://");

/** Where Helm finds the chart. An OCI registry has no index to look names up in: address and name are one. */
export function chartSource(
  chart: string,
  repository: string,
  controllerVersion: string,
): { chart: string; version?: string; repositoryOpts?: { repo: string } } {
  const version = chartVersionOf(controllerVersion);
  if (isFolder(chart)) return { chart };
  if (standsAlone(chart)) return { chart, version };
  if (repository.startsWith("oci://")) return { chart: `${repository.replace(/\/+$/, "")}/${chart}`, version };
  return { chart, version, repositoryOpts: { repo: repository } };
}
