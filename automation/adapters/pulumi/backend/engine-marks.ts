/**
 * Marks of the engines that this driver started, for as long as they run. A lock names a pid and a host's name, and
 * another container may have both; with the mark of its own engine a later driver on this machine can tell that the
 * holder is gone. Engines of other people have no mark, and of their locks nobody is sure.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lifeOf, markOf, parseMark, type ProcessMark } from "../../process-mark";
import { makeOwnFolder } from "../project/own-folder";

export interface EngineMark {
  readonly process: ProcessMark;
  /** When it was started, ISO 8601. */
  readonly startedAt: string;
}

/** Commands that take a stack's lock, be it for an instant. */
export const takesLock = (args: readonly string[]): boolean =>
  ["up", "update", "destroy", "refresh", "import", "state"].includes(args[0] ?? "") ||
  (args[0] === "stack" && ["init", "import", "rm", "rename"].includes(args[1] ?? ""));

export class EngineMarks {
  constructor(private readonly workDirectory: string) {}

  /** Answers how to take the mark away. A mark that can't be written is no mark. */
  begin(pid: number): () => void {
    try {
      const process = markOf(pid);
      if (process === null) return () => undefined;
      const file = join(makeOwnFolder(this.workDirectory, "engines"), `${pid}.json`);
      const startedAt = new Date().toISOString();
      writeFileSync(file, JSON.stringify({ process, startedAt }), { mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch {
      return () => undefined;
    }
  }

  /** Of engines that drivers before this one started and did not see ending. */
  read(): readonly EngineMark[] {
    const folder = join(this.workDirectory, ".eks-blue-green", "engines");
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names.flatMap((name): EngineMark[] => {
      try {
        const text = readFileSync(join(folder, name), "utf8");
        const { process, startedAt } = JSON.parse(text) as { process?: unknown; startedAt?: unknown };
        const mark = parseMark(JSON.stringify(process));
        return mark === null || typeof startedAt !== "string" ? [] : [{ process: mark, startedAt }];
      } catch {
        return [];
      }
    });
  }

  /** Takes away the mark of one that is gone, once its lock is. */
  forget({ process }: EngineMark): void {
    if (lifeOf(process) === "gone")
      rmSync(join(this.workDirectory, ".eks-blue-green", "engines", `${process.pid}.json`), { force: true });
  }
}
