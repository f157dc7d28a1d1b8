/** Why a rollout stands still: written into the record, so that whoever looks at it later knows. Pure. */
import type { EnvironmentRecord, Halt } from "./types";
import { readSignature } from "./signature";
import { Reader } from "./value-reader";

/** `written`: the revision in the stack, which the next write goes beyond by one. */
export const withHalt = (record: EnvironmentRecord, written: number, halt: Omit<Halt, "revision">) => ({
  ...record,
  revision: record.revision + 1,
  halt: { ...halt, revision: written + 1 },
});

/** The halt that holds now: any later write says that somebody went on. */
export const haltOf = ({ halt, revision }: EnvironmentRecord): Halt | null =>
  halt != null && halt.revision === revision ? halt : null;

/** Null for one that is unsound: it is only shown, and may not keep anybody from reading the rest of the record. */
export function parseHalt(value: unknown): Halt | null {
  const reader = new Reader();
  const object = reader.object(value, "halt");
  const { remedy } = object;
  const halt: Halt = {
    revision: reader.whole(object["revision"], "halt.revision", 1),
    at: reader.text(object["at"], "halt.at"),
    ...readSignature(reader, object, "halt"),
    code: reader.text(object["code"], "halt.code"),
    message: reader.text(object["message"], "halt.message"),
    remedy: remedy == null || remedy === "" ? null : reader.text(remedy, "halt.remedy"),
  };
  return reader.problems.length === 0 ? halt : null;
}
