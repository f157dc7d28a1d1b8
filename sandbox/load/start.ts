/** Starts the load client in a process of its own: its clock must not wait for the driver's work. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { LoadOptions, LoadSummary } from "../contract";
import { script } from "../processes/scripts";
import { SandboxError } from "../shared/errors";

/** What one second brought. Answers are counted in the second they came in. */
export interface LoadSample {
  readonly at: string;
  readonly sent: number;
  readonly failed: number;
  readonly byMember: Readonly<Record<string, number>>;
  /** Those of `byMember` that came on connections of their own: a network load balancer divides connections. */
  readonly newByMember: Readonly<Record<string, number>>;
}

export type ToLoad =
  { readonly type: "start"; readonly options: LoadOptions; readonly ledgerFile: string } | { readonly type: "stop" };
export type FromLoad =
  | { readonly type: "started" }
  | { readonly type: "sample"; readonly sample: LoadSample }
  | { readonly type: "summary"; readonly summary: LoadSummary }
  | { readonly type: "error"; readonly message: string };

export interface LoadHandle {
  readonly pid: number;
  /** The last full second. */
  sample(): LoadSample;
  onSample(callback: (sample: LoadSample) => void): void;
  /** Waits for the requests in flight. Throws SBX-LOAD when the client has died. */
  stop(): Promise<LoadSummary>;
}

export interface LoadExtra {
  /** NDJSON: a line per failed request, and one per second. Appended to. */
  readonly ledgerFile: string;
  /** The process's whole environment; default: none. */
  readonly env?: Readonly<Record<string, string>>;
}

function failure(message: string): SandboxError {
  return new SandboxError(
    "SBX-LOAD",
    `the load client failed: ${message}`,
    "Look at its standard error and the ledger; the run proves nothing, start it again.",
  );
}

export async function startLoad(options: LoadOptions, extra: LoadExtra): Promise<LoadHandle> {
  mkdirSync(dirname(extra.ledgerFile), { recursive: true });
  // A group of its own: a Ctrl-C in the terminal is for the rehearsal, which ends the load when it has its summary.
  const child = fork(script("load/main"), [], {
    detached: true,
    env: { ...extra.env },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const callbacks: ((sample: LoadSample) => void)[] = [];
  let last: LoadSample = { at: new Date().toISOString(), sent: 0, failed: 0, byMember: {}, newByMember: {} };
  child.on("message", (message: FromLoad) => {
    if (message.type !== "sample") return;
    last = message.sample;
    for (const callback of callbacks) callback(last);
  });
  const started = answer(child, "started");
  child.send({ type: "start", options, ledgerFile: extra.ledgerFile } satisfies ToLoad);
  await started;
  let stopping: Promise<LoadSummary> | null = null;
  return {
    pid: child.pid ?? 0,
    sample: () => last,
    onSample: (callback) => void callbacks.push(callback),
    stop: () => (stopping ??= finish(child)),
  };
}

async function finish(child: ChildProcess): Promise<LoadSummary> {
  if (!child.connected) throw failure("it has ended before");
  const summary = answer(child, "summary");
  child.send({ type: "stop" } satisfies ToLoad);
  const message = await summary;
  child.disconnect();
  return message.summary;
}

function answer<T extends FromLoad["type"]>(child: ChildProcess, type: T): Promise<Extract<FromLoad, { type: T }>> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      action();
    };
    const onMessage = (message: FromLoad): void => {
      if (message.type === type) settle(() => resolve(message as Extract<FromLoad, { type: T }>));
      else if (message.type === "error") settle(() => reject(failure(message.message)));
    };
    const onExit = (code: number | null, signal: string | null): void =>
      settle(() => reject(failure(`ended with ${code ?? signal}`)));
    const onError = (error: Error): void => settle(() => reject(failure(error.message)));
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
  });
}
