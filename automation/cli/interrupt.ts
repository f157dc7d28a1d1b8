/** Ctrl-C and SIGTERM: the first asks to stop at the next safe point, the second cancels the engine. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Aborted by the second signal. */
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
