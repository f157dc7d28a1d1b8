/**
 * Longer than any client of the sandbox keeps a connection idle (Go's API server 90 s). The side that sends the next
 * request must be the one
 * that closes: Node's own 5 s meet a request that is on its way, and who sent a POST sees a reset and may not repeat
 * it.
 */
export const KEEP_ALIVE_MS = 300_000;
