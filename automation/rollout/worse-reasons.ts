/** What tells that those that stay, or came back, are worse than those that leave. */
import type { GateReason } from "../gates/gate-result";

const reasons: ReadonlySet<GateReason> = new Set(["probe", "peers-unhealthy", "peers-missing", "last-active", "alarm"]);

export const tellsWorse = (reason: GateReason | null): boolean => reason !== null && reasons.has(reason);
