/**
 * Ctrl-C and SIGTERM: the first asks to stop at the next safe point, the same one again cancels the engine.
 * A SIGTERM that follows a SIGINT is a CI system's way of pressing on (SIGINT, seconds later SIGTERM, then the kill of
 * all that it knows of), and no person's second Ctrl-C: it cancels nothing. The engine then ends its operations and
 * gives its lock back by itself, if it is left alive; a cancelled one would have no more time than that either.
 */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Aborted when the engine is to be cancelled. */
  readonly cancel: AbortSignal;
  readonly dispose: () => void;
}

export function onInterrupt(tell: (message: string) => void): Interrupt {
  const stop = new AbortController();
  const cancel = new AbortController();
  const handle = (signal: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      stop.abort(signal);
      tell(`${signal}: stopping at the next safe point; once more to cancel the engine`);
    } else if (signal === "SIGTERM" && stop.signal.reason === "SIGINT") {
      tell("SIGTERM: still stopping at the next safe point; the engine goes on (Ctrl-C again cancels it)");
    } else if (!cancel.signal.aborted) {
      cancel.abort(signal);
      tell(`${signal} again: cancelling the engine`);
    }
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: stop.signal,
    cancel: cancel.signal,
    dispose: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
