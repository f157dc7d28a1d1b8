/**
 * PATCH against a member's API server. Not repeated by itself: what a lost answer has done is seen by the next look.
 */
import { DriverError } from "../../errors";
import { call } from "./client";
import type { ApiServer } from "./kubeconfig";

export type PatchKind = "json-patch" | "merge-patch" | "strategic-merge-patch";

/**
 * How the API server tells a JSON patch that could not be applied from an object that would be invalid; both are 422.
 */
const notApplied = /rejected our request|test failed|testing |does not exist|missing (path|key|value)/i;

/** "refused": a conflict, or a `test` that failed. @throws EBG-MEMBER-UNREACHABLE, EBG-KUBERNETES */
export async function patch(
  member: ApiServer,
  path: string,
  kind: PatchKind,
  body: unknown,
): Promise<"patched" | "refused"> {
  const answer = await call(member, "PATCH", path, { type: `application/${kind}+json`, text: JSON.stringify(body) });
  if (answer.status === 200) return "patched";
  if (answer.status === 409 || (answer.status === 422 && kind === "json-patch" && notApplied.test(answer.body)))
    return "refused";
  throw new DriverError(
    "EBG-KUBERNETES",
    `${member.member}: PATCH ${path}: ${answer.status} ${answer.body.slice(0, 300)}`,
    "run the same command again",
  );
}
