/** The load of a rehearsal: found through the sandbox's connect-to table, told once a second. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadSummary, SandboxInfo } from "../../../sandbox/contract";
import { SandboxError } from "../../../sandbox/errors";
import { parseConnectTo, type ConnectToEntry } from "../../../sandbox/fabric/connect-to";
import { startLoad } from "../../../sandbox/load/start";
import type { EventSink } from "../../events";

const goodAnswersInARow = 20;
/** What is real, and what passes at the sandbox's speed (the registration lag above all). */
const longestWaitSeconds = (timeScale: number): number => 120 + 600 / timeScale;

function listeners(info: SandboxInfo): ConnectToEntry[] {
  try {
    return parseConnectTo(readFileSync(info.env.EKS_BLUE_GREEN_CONNECT_TO ?? "", "utf8"));
  } catch {
    return [];
  }
}

/** One request on a new connection; false for anything but a 2xx. The address comes from the table, which holds loopback alone. */
function answers(entry: ConnectToEntry): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: entry.address, port: entry.addressPort, path: "/", agent: false, timeout: 2000, headers: { host: entry.host, connection: "close" } }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 0) >= 200 && (response.statusCode ?? 0) < 300);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}

/** Resolves with the load balancer's first listener once it has answered 20 requests in a row. */
export async function waitUntilServing(info: SandboxInfo, progress: (message: string) => void, signal: AbortSignal): Promise<ConnectToEntry> {
  const startedAt = Date.now();
  let inARow = 0;
  const most = longestWaitSeconds(info.timeScale);
  while (Date.now() - startedAt < most * 1000) {
    signal.throwIfAborted();
    const entry = listeners(info)[0];
    inARow = entry && (await answers(entry)) ? inARow + 1 : 0;
    if (entry && inARow >= goodAnswersInARow) return entry;
    progress(entry ? `waiting for ${goodAnswersInARow} good answers in a row (a new target gets traffic after the registration lag)` : "waiting for a listener");
    if (inARow === 0) await sleep(100);
  }
  throw new SandboxError("SBX-NO-ANSWER", `the load balancer gave no ${goodAnswersInARow} good answers in a row within ${Math.round(most)} s`, "Run with --keep and look at `aws elbv2 describe-target-health` and the pods; is the service's port served by its image?");
}

export interface RunningLoad {
  readonly stop: () => Promise<LoadSummary>;
}

export async function beginLoad(info: SandboxInfo, entry: ConnectToEntry, requestsPerSecond: number, ledgerFile: string, tell: EventSink): Promise<RunningLoad> {
  const handle = await startLoad(
    {
      host: entry.host,
      port: entry.port,
      path: "/",
      connectToFile: info.env.EKS_BLUE_GREEN_CONNECT_TO ?? "",
      requestsPerSecond,
      newConnectionShare: 0.5,
      keepAliveConnections: 50,
      timeoutMs: 5000,
      sourceAddresses: ["127.0.0.1", "127.0.1.1", "127.0.2.1", "127.0.3.1"],
    },
    { ledgerFile },
  );
  let sent = 0;
  let failed = 0;
  handle.onSample((sample) => {
    sent += sample.sent;
    failed += sample.failed;
    tell({ kind: "load", sent, failed, requestsPerSecond: sample.sent, byMember: sample.byMember });
  });
  return { stop: () => handle.stop() };
}
