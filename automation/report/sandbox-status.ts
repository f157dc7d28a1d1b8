/** What `sandbox status` prints for people. Pure. */
import { seconds, table } from "./format";
import { counted } from "../text/sentences";

/** The part of the sandbox's status that is shown; its own type has more. */
export interface ShownStatus {
  readonly pid: number;
  readonly dir: string;
  readonly timeScale: number;
  readonly startedAt: string;
  readonly awsEndpoint: string;
  readonly memoryBytes: number;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly memoryBytes: number | null }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly version: string;
    readonly endpoint: string;
    readonly apiServer: string;
    readonly nodes: number;
    readonly pods: number;
    readonly controller: string;
    readonly failure: string | null;
  }[];
  readonly listeners: number;
  readonly faults: unknown;
}

const megabytes = (bytes: number | null): string => (bytes === null ? "?" : `${Math.round(bytes / 1e6)} MB`);

export function sandboxStatusLines(status: ShownStatus, now = Date.now()): string[] {
  const clusters = status.clusters.map((one) => [
    `  ${one.name}`,
    one.version,
    one.endpoint,
    `API server ${one.apiServer}`,
    `${one.nodes} nodes`,
    `${one.pods} pods`,
    `controller ${one.controller}`,
    one.failure ?? "",
  ]);
  const faults = Array.isArray(status.faults) ? status.faults : [];
  return [
    `sandbox in ${status.dir}: pid ${status.pid}, up for ` +
      `${seconds((now - Date.parse(status.startedAt)) / 1000)}, ${status.timeScale} times as fast as AWS, ` +
      `${megabytes(status.memoryBytes)} in ${status.processes.length} processes`,
    `AWS at ${status.awsEndpoint}, ${counted(status.listeners, "listener")} open, ` +
      `${counted(faults.length, "fault")} injected`,
    "",
    ...(clusters.length === 0 ? ["no cluster yet"] : ["clusters", ...table(clusters)]),
    "",
    "processes",
    ...table(
      [...status.processes]
        .sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))
        .map((one) => [`  ${one.name}`, String(one.pid), megabytes(one.memoryBytes)]),
      [false, true, true],
    ),
    ...(faults.length === 0 ? [] : ["", "faults", ...faults.map((fault) => `  ${JSON.stringify(fault)}`)]),
  ];
}
