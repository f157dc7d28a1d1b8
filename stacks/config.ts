/** The wanted state of an environment, with all that reads and checks it. */
export type * from "./config-types";
export { ConfigError } from "../components/problems";
export type { Problem } from "../components/problems";
export { isMemberConfig, parseEnvironmentConfig, parseMemberConfig, refuseSecretConfig } from "./config-parser";
export { memberProblems, ownershipProblems, sharedFieldProblems, versionProblems } from "./config-changes";
