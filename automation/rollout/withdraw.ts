import type { Session } from "./session";

/** Closes an intent whose act was refused before it changed anything. */
export async function withdraw(session: Session, error: unknown): Promise<never> {
  session.record = { ...session.record, revision: session.record.revision + 1, intent: null };
  await session.writer.flush();
  throw error;
}
