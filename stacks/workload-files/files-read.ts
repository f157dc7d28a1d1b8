/** What reading the files of one service led to. */
import type { Problem } from "../../components/internal/problems";
import type { FromFile } from "./objects";

export interface FilesRead {
  readonly objects: readonly FromFile[];
  readonly problems: readonly Problem[];
}

export const refused = (path: string, value: unknown, rule: string, remedy: string): FilesRead => ({
  objects: [],
  problems: [{ path, value, rule, remedy }],
});

export const because = (error: unknown): string => (error instanceof Error ? error.message : String(error));
