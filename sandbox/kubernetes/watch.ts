/** List and watch of one resource, for as long as the agent lives. */
import { ApiError, type ApiClient } from "./api-client";
import type { KubeObject } from "./types";
import { retryDelayMs, sleep } from "./retry";

export interface WatchHandlers<T> {
  /** The complete list, after the start and whenever the watch had to begin anew: what isn't in it is gone. */
  onList(items: readonly T[]): void;
  onChange(item: T): void;
  onDelete(item: T): void;
}

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** Bookmarks come about once a minute. */
const SILENCE_MS = 150_000;

/** Runs until `signal` aborts. Errors are never thrown: an API server that is away is asked again with back-off. */
export async function watchForever<T extends KubeObject>(
  client: ApiClient,
  listPath: string,
  signal: AbortSignal,
  handlers: WatchHandlers<T>,
): Promise<void> {
  let version: string | null = null;
  for (let failures = 0; !signal.aborted;) {
    try {
      if (version === null) {
        const list: ListAnswer<T> = await client.get<ListAnswer<T>>(listPath);
        if (signal.aborted) return;
        version = list.metadata.resourceVersion;
        handlers.onList(list.items);
      }
      const began = Date.now();
      const query = `?watch=1&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${encodeURIComponent(version)}`;
      await client.stream(listPath + query, signal, SILENCE_MS, (line) => {
        version = dispatch(line, handlers) ?? version;
        failures = 0;
      });
      // A server that ends watches at once must not be asked in a tight loop.
      if (Date.now() - began < 1_000) await sleep(retryDelayMs(failures++), signal);
    } catch (error) {
      // Gone, or a server that came back with older data (its etcd was restored): only a new list is sure.
      if (!(error instanceof ApiError) || error.status !== 0) version = null;
      await sleep(retryDelayMs(failures++), signal);
    }
  }
}

/** Hands one event on and returns its resource version. @throws ApiError for an ERROR event (410 Gone). */
function dispatch<T extends KubeObject>(line: string, handlers: WatchHandlers<T>): string | undefined {
  const event = JSON.parse(line) as {
    readonly type: string;
    readonly object: T & { readonly code?: number; readonly message?: string };
  };
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
      handlers.onChange(event.object);
      break;
    case "DELETED":
      handlers.onDelete(event.object);
      break;
    case "BOOKMARK":
      break;
    default:
      throw new ApiError(event.object.code ?? 410, "Gone", event.object.message ?? "watch error");
  }
  return event.object.metadata.resourceVersion;
}
