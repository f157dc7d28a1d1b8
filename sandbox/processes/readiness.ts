/** Waiting by polling, always with a deadline. */
import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { SandboxError } from "../shared/errors";

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly what: string;
  /** Log file to point at when it takes too long. */
  readonly log: string;
  readonly intervalMs?: number;
}

/** Polls until `check` gives true; an error that it throws ends the wait. */
export async function waitUntil(check: () => Promise<boolean>, options: WaitOptions): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline)
      throw new SandboxError(
        "SBX-TIMEOUT",
        `waited ${Math.round(options.timeoutMs / 1000)} s for ${options.what}`,
        options.log === ""
          ? "Try again; the machine may be too busy."
          : `The machine may be too busy. ${logHint(options.log)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 50));
  }
}

/** A remedy with the end of a log: the file itself goes with the sandbox's folder. */
export function logHint(file: string): string {
  let lines: string[] = [];
  try {
    lines = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .slice(-8)
      .map((line) => line.slice(0, 400));
  } catch {
    // no log: the name alone must do
  }
  return `The end of its log (${file}; set EKS_BLUE_GREEN_KEEP_LOGS=<folder> to keep all logs):\n${lines.join("\n")}`;
}

/** True when a path on loopback answers 200 over TLS to the owner of a certificate. */
export function httpsOk(
  port: number,
  path: string,
  tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer },
): Promise<boolean> {
  return new Promise((resolve) => {
    const request = httpsRequest(
      { host: "127.0.0.1", port, path, timeout: 2_000, agent: false, ...tls },
      (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode === 200));
        response.once("error", () => resolve(false));
      },
    );
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
    request.end();
  });
}

/** True when `/readyz` of an API server on loopback answers 200 to the administrator. */
export const apiServerReady = (port: number, tls: Parameters<typeof httpsOk>[2]): Promise<boolean> =>
  httpsOk(port, "/readyz", tls);
