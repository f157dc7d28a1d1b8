/** Why a rollout stands still: written into the record, so that whoever looks at it later knows. Pure. */
import type { EnvironmentRecord, Halt } from "./types";
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

export function parseHalt(reader: Reader, value: unknown): Halt {
  const object = reader.object(value, "halt");
  const { remedy } = object;
  return {
    revision: reader.whole(object["revision"], "halt.revision", 1),
    at: reader.text(object["at"], "halt.at"),
    by: reader.text(object["by"], "halt.by"),
    code: reader.text(object["code"], "halt.code"),
    message: reader.text(object["message"], "halt.message"),
    remedy: remedy == null ? null : reader.text(remedy, "halt.remedy"),
  };
}
