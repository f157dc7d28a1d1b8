/** What the stacks imported leaves their states; the resources stay as they are. */
import type { Adoption } from "../../stacks/record/adoption";
import type { PulumiPort } from "../ports";

/**
 * Repeatable. `expectedRevision`: the record's, after whoever held the stacks was waited for. @throws EBG-FENCED when
 * somebody else has moved on: what it has imported stays
 */
export async function forgetImports(
  pulumi: Pick<PulumiPort, "settle" | "backUpState" | "forgetAdopted">,
  { service, member }: Pick<Adoption, "service" | "member">,
  expectedRevision: number,
): Promise<void> {
  await pulumi.settle({ kind: "environment" });
  await pulumi.settle({ kind: "member", member });
  await Promise.all([pulumi.backUpState({ kind: "environment" }), pulumi.backUpState({ kind: "member", member })]);
  await pulumi.forgetAdopted(service, member, expectedRevision);
}
