/** Calls to a member's API server, with a deadline. */
import { Agent, request } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { DriverError } from "../../errors";
import { oneLine } from "../../text/foreign";
import { forgetAddress } from "./cluster-lookup";
import { forgetToken } from "./eks-token";
import { accessOf, type Access, type ApiServer } from "./kubeconfig";
import { shell } from "../../text/shell";

/** Real milliseconds. A server that swallows packets would hang for a minute. */
export const callMs = 10_000;

// Connections are kept: a gate looks at the same servers again and again.
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
export const closeConnections = (): void => agent.destroy();

/**
 * A call is made so often: a throttled or briefly broken server must not be taken for a dead one, which a preflight
 * refuses for.
 */
const attempts = 3;
/** Real milliseconds before the second call; as much again before the third. */
const pauseMs = 300;

/** Of one answer; a page of 500 objects of the largest size is far below. */
const mostBytes = 32 * 1024 * 1024;
/** Of one list, 500 objects each. */
const mostPages = 200;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

function unreachable(member: ApiServer, error: unknown): DriverError {
  const text = error instanceof Error ? error.message : String(error);
  return new DriverError(
    "EBG-MEMBER-UNREACHABLE",
    `the API server of ${member.member} (${member.endpoint}) does not answer: ${text}`,
    shell`aws eks describe-cluster --name ${member.clusterName}; check the endpoint's network access from here`,
    error,
  );
}

/** Who made the cluster has access, anybody else by an entry. */
const noAccess = (cluster: string): string =>
  "give who is calling (aws sts get-caller-identity) an EKS access entry: aws eks create-access-entry " +
  shell`--cluster-name ${cluster} --principal-arn ROLE_ARN, then aws eks associate-access-policy --cluster-name ` +
  shell`${cluster} --principal-arn ROLE_ARN --policy-arn ` +
  "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy --access-scope type=cluster; or run this as a " +
  "role that has one (docs/reference/permissions.md)";

export interface Body {
  readonly type: string;
  readonly text: string;
}

async function send(access: Access, method: string, path: string, body: Body | null): Promise<Answer> {
  const content =
    body === null ? {} : { "content-type": body.type, "content-length": String(Buffer.byteLength(body.text)) };
  const options: Parameters<typeof request>[1] = {
    method,
    agent,
    headers: { accept: "application/json", "user-agent": "eks-blue-green", ...content },
  };
  await access.signIn(options);
  // Last: no login may name other certificates.
  Object.assign(options, { ca: access.ca, rejectUnauthorized: true, agent });
  const base = access.server.pathname.replace(/\/$/, "");
  return await new Promise((resolve, reject) => {
    const outgoing = request(new URL(`${base}${path}`, access.server), options, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostBytes) outgoing.destroy(new Error(`its answer is larger than ${mostBytes / 1024 / 1024} MiB`));
        else chunks.push(chunk);
      });
      answer.on("end", () => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
      });
      answer.on("error", reject);
    });
    // Bounds the whole call, also a server that drips.
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${callMs / 1000} s`)), callMs);
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(body?.text);
  });
}

/** @throws EBG-MEMBER-UNREACHABLE when there is no answer, EBG-KUBERNETES when it is a refusal */
export const get = (member: ApiServer, path: string): Promise<Answer> => call(member, "GET", path, null);

/** Signed by somebody whom the kept authority does not know. */
const isForeignCertificate = (error: unknown): boolean =>
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_)/.test((error as { code?: string }).code ?? "");

const mayPass = (status: number): boolean => status === 429 || status >= 500;

/**
 * Any method; what it does must be safe to repeat: a call that was cut off, throttled or answered with 5xx is made up
 * to three times. @throws as `get`
 */
export async function call(member: ApiServer, method: string, path: string, body: Body | null): Promise<Answer> {
  let access = await accessOf(member);
  for (let attempt = 1; ; attempt += 1) {
    let answer: Answer;
    try {
      answer = await send(access, method, path, body);
    } catch (error) {
      if (error instanceof DriverError) throw error;
      if (attempt === 1 && isForeignCertificate(error)) {
        forgetAddress(member);
        access = await accessOf(member);
        continue;
      }
      // A kept connection that the server closed meanwhile says nothing about the server.
      if (attempt >= attempts || !["ECONNRESET", "EPIPE"].includes((error as { code?: string }).code ?? ""))
        throw unreachable(member, error);
      if (attempt > 1) await wait(pauseMs);
      continue;
    }
    if (mayPass(answer.status) && attempt < attempts) {
      await wait(pauseMs * attempt);
      continue;
    }
    if (answer.status === 401 && access.eksCluster !== null && attempt === 1) {
      forgetToken(access.eksCluster.name, access.eksCluster.region);
      continue;
    }
    // A webhook's denial has status 403 as well, and is no matter of access.
    const denied = answer.status === 403 && /admission webhook/.test(answer.body);
    if (answer.status === 401 || (answer.status === 403 && !denied)) {
      throw new DriverError(
        "EBG-KUBERNETES",
        `${member.member} refuses ${method} ${path}: ${answer.status} ${messageOf(answer.body)}`,
        noAccess(member.clusterName),
      );
    }
    if (answer.status >= 500)
      throw unreachable(member, new Error(`status ${answer.status}: ${messageOf(answer.body)}`));
    return answer;
  }
}

function messageOf(body: string): string {
  try {
    return oneLine(String((JSON.parse(body) as { message?: unknown }).message ?? body));
  } catch {
    return oneLine(body);
  }
}

/** The object, or null when there is none of that name (or no such kind). */
export async function getObject<T>(member: ApiServer, path: string): Promise<T | null> {
  const answer = await get(member, path);
  if (answer.status === 404) return null;
  if (answer.status !== 200)
    throw new DriverError(
      "EBG-KUBERNETES",
      `${member.member}: GET ${path}: ${answer.status} ${messageOf(answer.body)}`,
      "run the same command again",
    );
  try {
    return JSON.parse(answer.body) as T;
  } catch {
    throw new DriverError(
      "EBG-KUBERNETES",
      `${member.member}: GET ${path}: its answer is not JSON`,
      "find out who answers it: kubectl get apiservices",
    );
  }
}

/** All objects of a list, page by page. */
export async function getList<T>(member: ApiServer, path: string): Promise<readonly T[]> {
  const items: T[] = [];
  let next = "";
  let pages = 0;
  do {
    pages += 1;
    if (pages > mostPages)
      throw new DriverError(
        "EBG-KUBERNETES",
        `${member.member}: the list ${path} has more than ${mostPages} pages`,
        "find out who answers it: kubectl get apiservices",
      );
    const separator = path.includes("?") ? "&" : "?";
    const page = await getObject<{ items?: T[]; metadata?: { continue?: string } }>(
      member,
      `${path}${separator}limit=500${next === "" ? "" : `&continue=${encodeURIComponent(next)}`}`,
    );
    items.push(...(page?.items ?? []));
    next = page?.metadata?.continue ?? "";
  } while (next !== "");
  return items;
}
