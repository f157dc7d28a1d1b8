/**
 * The wanted state of an environment, with all that reads and checks it. `keys/` declares each key, `rules/` holds what
 * must hold between keys of different groups, `declare/` is the language of the declarations. Pure.
 */
export type * from "./types";
export { ConfigError } from "../../components/internal/problems";
export type { Problem } from "../../components/internal/problems";
export { isMemberConfig, parseEnvironmentConfig, parseMemberConfig, refuseSecretConfig } from "./parse";
export { memberProblems, ownershipProblems, sharedFieldProblems, versionProblems } from "../record/config-changes";
