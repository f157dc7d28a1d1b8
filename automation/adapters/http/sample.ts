/**
 * A sample of the load balancer's traffic, as `ab -n -c` would take it: plain requests, each on a new connection, and
 * who answered.
 */
import type { Sample } from "../../ports/readings";
import { get, type Destination } from "./get";
import { answerLimits, destinationOfUrl } from "./probe";

/** As the config wants it: anything else names nobody, whoever answers with it. */
const memberName = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;

type Answer = { readonly failure: string } | { readonly failure: null; readonly name: string | null };

/**
 * The header `x-member`, or the text `member` of a JSON object: what `Workload`'s pods get as MEMBER and may answer
 * with.
 */
export function nameIn(header: string | readonly string[] | undefined, body: string): string | null {
  const told = typeof header === "string" ? header : header?.[0];
  if (told !== undefined && told !== "") return memberName.test(told) ? told : null;
  try {
    const member = (JSON.parse(body) as { member?: unknown } | null)?.member;
    return typeof member === "string" && memberName.test(member) ? member : null;
  } catch {
    return null;
  }
}

async function once(url: URL, destination: Destination, asked: Readonly<Record<string, string>>): Promise<Answer> {
  try {
    const { status, headers, body } = await get(url, destination, answerLimits, asked);
    if (status >= 500) return { failure: `status ${status}` };
    return { failure: null, name: nameIn(headers["x-member"], body.toString("utf8")) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** `requests` in all, `concurrency` at a time. Statuses from 500 on, errors, resets and silence are failures. */
export async function sample(
  url: string,
  requests: number,
  concurrency: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Sample> {
  const started = performance.now();
  const parsed = new URL(url);
  const destination = destinationOfUrl(parsed);
  const byName: Record<string, number> = {};
  const failures: string[] = [];
  let unnamed = 0;
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < requests) {
      begun += 1;
      const answer = await once(parsed, destination, headers);
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
