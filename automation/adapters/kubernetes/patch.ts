/** PATCH against a member's API server. Not repeated by itself: what a lost answer has done is seen by the next look. */
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import { call } from "./get";

export type PatchKind = "json-patch" | "merge-patch" | "strategic-merge-patch";

/** "refused": 409 or 422, which is how a failed `test` is told. @throws EBG-MEMBER-UNREACHABLE, EBG-KUBERNETES */
export async function patch(member: MemberOutputs, path: string, kind: PatchKind, body: unknown): Promise<"patched" | "refused"> {
  const answer = await call(member, "PATCH", path, { type: `application/${kind}+json`, text: JSON.stringify(body) });
  if (answer.status === 200) return "patched";
  if (answer.status === 409 || (answer.status === 422 && kind === "json-patch")) return "refused";
  throw new DriverError("EBG-KUBERNETES", `${member.member}: PATCH ${path}: ${answer.status} ${answer.body.slice(0, 300)}`, "run the same command again");
}
