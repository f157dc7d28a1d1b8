/** The load of a rehearsal: found through the sandbox's connect-to table, told once a second. */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { get as secure } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadSummary, SandboxInfo } from "../../../sandbox/contract";
import { SandboxError } from "../../../sandbox/shared/errors";
import { parseConnectTo, type ConnectToEntry } from "../../../sandbox/fabric/connect-to";
import { type LoadHandle, startLoad } from "../../../sandbox/load/start";
import type { EventSink } from "../../events";
import { addUp, joinSummaries } from "./load-figures";

const goodAnswersInARow = 20;
/** What is real, and what passes at the sandbox's speed (the registration lag above all). */
const longestWaitSeconds = (timeScale: number): number => 120 + 600 / timeScale;

/** What listens now, as the sandbox's connect-to table has it. */
export function listenersOf(info: SandboxInfo): ConnectToEntry[] {
  try {
    return parseConnectTo(readFileSync(info.env.EKS_BLUE_GREEN_CONNECT_TO ?? "", "utf8"));
  } catch {
    return [];
  }
}

/** A listener, and how it is spoken to. */
export interface LoadedListener extends ConnectToEntry {
  readonly tls?: boolean;
}

/**
 * The status of one request on a new connection; null when none comes. The address comes from the table, which holds
 * loopback alone; the sandbox's certificates are signed by nobody.
 */
function statusOf(entry: LoadedListener): Promise<number | null> {
  return new Promise((resolve) => {
    const request = (entry.tls === true ? secure : get)(
      {
        rejectUnauthorized: false,
        host: entry.address,
        port: entry.addressPort,
        path: "/",
        agent: false,
        timeout: 2000,
        headers: { host: entry.host, connection: "close" },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? null);
      },
    );
    request.on("error", () => resolve(null));
    request.on("timeout", () => request.destroy());
  });
}

const isGood = (status: number | null): boolean => status !== null && status >= 200 && status < 300;

/** Plainly first, then by TLS. null: it answers neither way; `[]`: it only sends on to another listener. */
async function servedBy(entry: ConnectToEntry): Promise<readonly LoadedListener[] | null> {
  const plain = await statusOf(entry);
  if (plain !== null && plain >= 300 && plain < 400) return [];
  if (plain !== null) return isGood(plain) ? [entry] : null;
  const overTls = { ...entry, tls: true };
  return isGood(await statusOf(overTls)) ? [overTls] : null;
}

/**
 * Resolves with the load balancers' listeners, `least` or more, once each of them has answered 20 requests in a row.
 */
export async function waitUntilAllServe(
  info: SandboxInfo,
  least: number,
  progress: (message: string) => void,
  signal: AbortSignal,
): Promise<readonly LoadedListener[]> {
  const startedAt = Date.now();
  let inARow = 0;
  const most = longestWaitSeconds(info.timeScale);
  while (Date.now() - startedAt < most * 1000) {
    signal.throwIfAborted();
    const entries = listenersOf(info);
    const there = entries.length >= Math.max(1, least);
    const served = there ? await Promise.all(entries.map(servedBy)) : [null];
    const serving = served.flatMap((one) => one ?? []);
    inARow = serving.length > 0 && served.every((one) => one !== null) ? inARow + 1 : 0;
    if (inARow >= goodAnswersInARow) return serving;
    progress(
      there
        ? `waiting for ${goodAnswersInARow} good answers in a row (a new target gets traffic after the ` +
            "registration lag)"
        : "waiting for a listener",
    );
    if (inARow === 0) await sleep(100);
  }
  throw new SandboxError(
    "SBX-NO-ANSWER",
    `the load balancer gave no ${goodAnswersInARow} good answers in a row within ${Math.round(most)} s`,
    "Run with --keep and look at `aws elbv2 describe-target-health` and the pods; is the service's port served " +
      "by its image?",
  );
}

/** The first listener of `waitUntilAllServe`. */
export async function waitUntilServing(
  info: SandboxInfo,
  progress: (message: string) => void,
  signal: AbortSignal,
): Promise<ConnectToEntry> {
  const [first] = await waitUntilAllServe(info, 1, progress, signal);
  if (first === undefined) throw new Error("no listener serves");
  return first;
}

/** Good answers by member, since the load began. Up to a second old. */
export interface Answers {
  readonly all: Readonly<Record<string, number>>;
  /** On connections of their own. */
  readonly fresh: Readonly<Record<string, number>>;
}

export interface RunningLoad {
  readonly answers: () => Answers;
  readonly stop: () => Promise<LoadSummary>;
}

const startOne = (
  info: SandboxInfo,
  entry: LoadedListener,
  requestsPerSecond: number,
  keepAliveConnections: number,
  ledgerFile: string,
): Promise<LoadHandle> =>
  startLoad(
    {
      host: entry.host,
      port: entry.port,
      tls: entry.tls === true,
      path: "/",
      connectToFile: info.env.EKS_BLUE_GREEN_CONNECT_TO ?? "",
      requestsPerSecond,
      newConnectionShare: 0.5,
      keepAliveConnections,
      timeoutMs: 5000,
      sourceAddresses: ["127.0.0.1", "127.0.1.1", "127.0.2.1", "127.0.3.1"],
    },
    { ledgerFile },
  );

/**
 * Kept-alive connections of all clients together: each is in use twice a second (half of the requests are theirs), or a
 * pod that ends had no answer left on which to tell its client to close.
 */
const poolFor = (requestsPerSecond: number): number => Math.min(50, Math.ceil(requestsPerSecond / 4));

/** The rate is shared out over the listeners, one client process each. */
export async function beginLoad(
  info: SandboxInfo,
  to: LoadedListener | readonly LoadedListener[],
  requestsPerSecond: number,
  ledgerFile: string,
  tell: EventSink,
): Promise<RunningLoad> {
  const entries = Array.isArray(to) ? (to as readonly LoadedListener[]) : [to as LoadedListener];
  const share = (whole: number): number => Math.max(1, Math.round(whole / entries.length));
  const ledgerOf = (index: number): string =>
    index === 0 ? ledgerFile : ledgerFile.replace(/(\.[^.]+)?$/, `-${index + 1}$1`);
  const handles = await Promise.all(
    entries.map((entry, index) =>
      startOne(info, entry, share(requestsPerSecond), share(poolFor(requestsPerSecond)), ledgerOf(index)),
    ),
  );
  let sent = 0;
  let failed = 0;
  let answers: Answers = { all: {}, fresh: {} };
  handles.forEach((handle, index) =>
    handle.onSample((sample) => {
      sent += sample.sent;
      failed += sample.failed;
      answers = { all: addUp([answers.all, sample.byMember]), fresh: addUp([answers.fresh, sample.newByMember]) };
      // One event a second, however many clients there are.
      if (index > 0) return;
      const all = handles.map((one) => one.sample());
      tell({
        kind: "load",
        sent,
        failed,
        requestsPerSecond: all.reduce((sum, one) => sum + one.sent, 0),
        byMember: addUp(all.map((one) => one.byMember)),
      });
    }),
  );
  return {
    answers: () => answers,
    stop: async () => joinSummaries(await Promise.all(handles.map((handle) => handle.stop()))),
  };
}
