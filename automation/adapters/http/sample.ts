/**
 * A sample of the load balancer's traffic, as `ab -n -c` would take it: plain requests, each on a new connection, and
 * who answered.
 */
import { request } from "node:http";
import type { Sample } from "../../ports/readings";
import { connectToRules, destinationOf, type Destination } from "./probe";

const answerMs = 5000;
/** An answer's body is read no further than this for a name. */
const mostBodyBytes = 64 * 1024;

type Answer = { readonly failure: string } | { readonly failure: null; readonly name: string | null };

/**
 * The header `x-member`, or the text `member` of a JSON object: what `Workload`'s pods get as MEMBER and may answer
 * with.
 */
export function nameIn(header: string | readonly string[] | undefined, body: string): string | null {
  const told = typeof header === "string" ? header : header?.[0];
  if (told !== undefined && told !== "") return told;
  try {
    const member = (JSON.parse(body) as { member?: unknown } | null)?.member;
    return typeof member === "string" && member !== "" ? member : null;
  } catch {
    return null;
  }
}

function once(url: URL, destination: Destination): Promise<Answer> {
  return new Promise((resolve) => {
    let failure: string | null = null;
    const outgoing = request(
      {
        host: destination.host,
        port: destination.port,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, connection: "close" },
        agent: false,
        timeout: answerMs,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= mostBodyBytes) chunks.push(chunk);
        });
        answer.on("end", () => {
          const status = answer.statusCode ?? 0;
          resolve(
            status >= 500
              ? { failure: `status ${status}` }
              : { failure: null, name: nameIn(answer.headers["x-member"], Buffer.concat(chunks).toString("utf8")) },
          );
        });
        answer.on("aborted", () => resolve({ failure: "closed early" }));
      },
    );
    outgoing.on("timeout", () => {
      failure = `no answer within ${answerMs / 1000} s`;
      outgoing.destroy();
    });
    outgoing.on("error", (error) => resolve({ failure: failure ?? error.message }));
    outgoing.on("close", () => resolve({ failure: failure ?? "closed early" }));
    outgoing.end();
  });
}

/** `requests` in all, `concurrency` at a time. Statuses from 500 on, errors, resets and silence are failures. */
export async function sample(url: string, requests: number, concurrency: number): Promise<Sample> {
  const started = performance.now();
  const parsed = new URL(url);
  const destination = destinationOf(parsed.hostname, Number(parsed.port || 80), connectToRules());
  const byName: Record<string, number> = {};
  const failures: string[] = [];
  let unnamed = 0;
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < requests) {
      begun += 1;
      const answer = await once(parsed, destination);
      if (answer.failure !== null) failures.push(answer.failure);
      else if (answer.name === null) unnamed += 1;
      else byName[answer.name] = (byName[answer.name] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, worker));
  return {
    sent: requests,
    failed: failures.length,
    firstFailure: failures[0] ?? null,
    byName,
    unnamed,
    seconds: (performance.now() - started) / 1000,
  };
}
