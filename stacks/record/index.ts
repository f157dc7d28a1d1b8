/** The record, with all that reads and changes it. */
export type * from "./types";
export { parseRecord } from "./parse";
export type { ParsedRecord } from "./parse";
export type { Evacuated, Evacuation } from "./evacuation";
export { absent, initialRecord } from "./initial";
export {
  asOneWrite,
  beginMove,
  commitBake,
  commitMove,
  finishRollout,
  RecordError,
  startRollout,
  turnBack,
  withMembers,
} from "./transitions";
export { withFailing } from "./failing-before";
export { callerIn, signed } from "./signature";
export {
  changesOf,
  describeMove,
  isMemberMove,
  isMovedBy,
  isShiftStep,
  memberMoves,
  membersOf,
  placementAfter,
  placementUndone,
  type ShiftStep,
} from "./moves";
export { isNewerSchema, schemaOf } from "./schema";
export {
  boundMembers,
  fullShare,
  isBound,
  isServing,
  isWeighted,
  partByShares,
  partOf,
  servingMembers,
  sharesIn,
  sumOf,
  type Shares,
} from "./serving";
export { heldBack, holdVersion, liftHold } from "./hold";
export { beginEvacuation, commitEvacuation, inOrder } from "./evacuation-transitions";
export {
  capacityOf,
  compareVersions,
  desiredOfMember,
  higherVersion,
  nextMinor,
  nodePercentOf,
  nodesAt,
  replicasAt,
  sizedAt,
} from "./desired-member";
export type { DesiredMember } from "./desired-member";
export { desiredOfEnvironment, weightsOf } from "./desired-environment";
export type { DesiredEnvironment } from "./desired-environment";
