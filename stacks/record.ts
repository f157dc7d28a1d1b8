/** The record, with all that reads and changes it. */
export type * from "./record-types";
export { parseRecord } from "./record-parser";
export type { ParsedRecord } from "./record-parser";
export type { Evacuated, Evacuation } from "./evacuation";
export { absent, initialRecord } from "./record-initial";
export { asOneWrite, beginMove, commitBake, commitMove, finishRollout, RecordError, startRollout, turnBack, withMembers } from "./record-transitions";
export { beginEvacuation, commitEvacuation, inOrder } from "./evacuation-transitions";
export { capacityOf, compareVersions, desiredOfMember, higherVersion, nextMinor, nodePercentOf, nodesAt, replicasAt, sizedAt } from "./desired-member";
export type { DesiredMember } from "./desired-member";
