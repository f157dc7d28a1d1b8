/** Programs that do nothing: what runs for an image that the sandbox knows nothing about. */
import { KILLED, type RunningProgram } from "./program";

/** Runs until it is told to stop; every probe passes. */
export async function startInert(): Promise<RunningProgram> {
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  return {
    ended,
    terminate: () => end(0),
    kill: () => end(KILLED),
    probe: async () => true,
    strictPorts: false,
    ports: [],
  };
}

/** Ends at once, successfully: init containers and jobs, whose end somebody waits for. */
export async function startCompleting(): Promise<RunningProgram> {
  return {
    ended: Promise.resolve(0),
    terminate: () => undefined,
    kill: () => undefined,
    probe: async () => true,
    strictPorts: false,
    ports: [],
  };
}
