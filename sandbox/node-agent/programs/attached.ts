/**
 * With `--lbc external`: what stands for a controller's pod whose work a process outside does, which a person has
 * attached.
 */
import http from "node:http";
import { ContainerLog } from "./container-log";
import { startInert } from "./inert";
import type { RunningProgram } from "./program";

const READY_TIMEOUT_MS = 2_000;

/**
 * Whether something says on this port of the machine that it is ready, as the controller's flag
 * --health-probe-bind-addr has it.
 */
export function answersReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(
      { host: "127.0.0.1", port, path: "/readyz", agent: false, timeout: READY_TIMEOUT_MS },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.once("error", () => resolve(false));
    request.once("timeout", () => request.destroy());
  });
}

/** Lives whatever becomes of the attached process; ready only while that one is. */
export async function startAttached(healthPort: number): Promise<RunningProgram> {
  const log = new ContainerLog();
  log.add(
    () =>
      `waits for a controller to be attached (--lbc external), which answers 127.0.0.1:${healthPort}/readyz; its ` +
      "own output is where it was started",
  );
  return {
    ...(await startInert()),
    log,
    probe: (kind) => (kind === "readiness" ? answersReady(healthPort) : Promise.resolve(true)),
  };
}
