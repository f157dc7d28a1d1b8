/** Calls a hook's webhook: one POST, with a deadline for all of it. */
import { request as requestPlain, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestTls } from "node:https";
import type { HookEnd, HookFacts } from "../../ports/hooks";
import { oneLine } from "../../text/foreign";

/** Of an answer the beginning is kept: it says why it was refused. */
const keptBytes = 2_000;

export interface WebhookCall {
  readonly url: string;
  readonly token: string | null;
  readonly facts: HookFacts;
  readonly timeoutMs: number;
}

const failed = (why: string): HookEnd => ({ kind: "failed", why });

/** What is behind `keptBytes` is read no more. */
async function beginningOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= keptBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, keptBytes).toString("utf8");
}

async function endOf(answer: IncomingMessage): Promise<HookEnd> {
  const status = answer.statusCode ?? 0;
  // What it says beside a good status is nobody's concern, and may never end.
  if (status >= 200 && status < 300) return { kind: "done" };
  if (status >= 300 && status < 400) return failed(`it answered ${status}; redirects are not followed`);
  const said = oneLine((await beginningOf(answer)).trim());
  return failed(said === "" ? `it answered ${status}` : `it answered ${status}: ${said}`);
}

/** Never rejects. Aborted: the request is cut off, and counts as failed; whoever got it may do it all the same. */
export function callWebhook({ url, token, facts, timeoutMs }: WebhookCall, cancel: AbortSignal): Promise<HookEnd> {
  if (cancel.aborted) return Promise.resolve(failed("it was ended, as asked"));
  const body = JSON.stringify(facts);
  const target = new URL(url);
  const options: RequestOptions = {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "idempotency-key": facts.id,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  };
  return new Promise((resolve) => {
    const request = target.protocol === "https:" ? requestTls(target, options) : requestPlain(target, options);
    const settle = (end: HookEnd): void => {
      clearTimeout(timer);
      cancel.removeEventListener("abort", aborted);
      resolve(end);
      request.destroy();
    };
    const aborted = (): void => settle(failed("it was ended, as asked"));
    const timer = setTimeout(() => settle(failed(`it did not answer within ${timeoutMs / 1000} s`)), timeoutMs);
    cancel.addEventListener("abort", aborted, { once: true });
    request.on("error", (error) => settle(failed(oneLine(error.message))));
    request.on("response", (answer) => {
      endOf(answer).then(settle, (error: unknown) =>
        settle(failed(oneLine(error instanceof Error ? error.message : String(error)))),
      );
    });
    request.end(body);
  });
}
