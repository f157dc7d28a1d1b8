/** A connection that is broken off, whatever it runs over. */
import type { Socket } from "node:net";

/**
 * The peer sees a reset. Unix sockets and TLS have none: there it sees the end, in the middle of whatever was under way
 * (Node throws for them, and what throws in a socket's handler ends the process).
 */
export function breakOff(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_INVALID_HANDLE_TYPE") throw error;
    socket.destroy();
  }
}
