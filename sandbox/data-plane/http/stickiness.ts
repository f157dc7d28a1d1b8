/** Group stickiness: a client that came once is led to the same target group as long as its cookie lasts. */
import { createHash } from "node:crypto";
import type { DataPlaneAction } from "../../contract";

type Forward = Extract<DataPlaneAction, { readonly type: "forward" }>;

const names = ["AWSALBTG", "AWSALBTGCORS"] as const;
const valueOf = (arn: string): string => createHash("sha256").update(arn).digest("base64url");

/**
 * The group that the request's cookie stands for, if the action still has it. Also at weight 0: AWS doesn't say that a
 * weight ends the cookies of before, so nobody may count on it.
 */
export function groupOfCookie(action: Forward, cookies: string | undefined): string | null {
  if (action.sticky === null || cookies === undefined) return null;
  const value = new RegExp(`(?:^|;\\s*)${names[0]}=([^;]*)`).exec(cookies)?.[1];
  return action.targetGroups.find(({ arn }) => valueOf(arn) === value)?.arn ?? null;
}

/** Values of Set-Cookie for an answer of this group. */
export function cookiesOf(action: Forward, arn: string, nowMs: number): readonly string[] {
  if (action.sticky === null || action.targetGroups.length < 2) return [];
  const expires = new Date(nowMs + action.sticky.seconds * 1000).toUTCString();
  const [own, cors] = names.map((name) => `${name}=${valueOf(arn)}; Expires=${expires}; Path=/`);
  return [`${own}`, `${cors}; SameSite=None`];
}
