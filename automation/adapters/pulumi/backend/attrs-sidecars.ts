/**
 * The file backend keeps a sidecar `….attrs` beside each of its files and writes it in place: an engine killed in that
 * instant leaves an
 * empty one, and from then on every read of the checkpoint beside it ends with "EOF". A missing sidecar is as good as
 * one without content,
 * so a broken one is removed; nothing is lost, and an engine that is just writing it does not mind.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Whether a failure is what a broken sidecar looks like. */
export const looksLikeBrokenSidecar = (message: string): boolean =>
  /: (EOF|unexpected EOF|unexpected end of JSON input)$/m.test(message);
/**
 * Whether it may have met one that was being written at this moment. Servers cut connections with EOF too: an update is
 * not repeated for those.
 */
export const mayBeHalfWritten = (message: string): boolean =>
  /failed to load checkpoint: /.test(message) && looksLikeBrokenSidecar(message);

function isBroken(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

/** Removes the broken sidecars that a read of this stack meets in a file backend's folder; answers their paths. */
export function removeBrokenSidecars(root: string, project: string, stack: string): string[] {
  const state = join(root, ".pulumi");
  const ofStack = (name: string): boolean => name.startsWith(`${stack}.json`);
  const places: readonly (readonly [string, (name: string) => boolean])[] = [
    [state, () => true],
    [join(state, "stacks", project), ofStack],
    [join(state, "locks", "organization", project, stack), () => true],
  ];
  const broken = places
    .flatMap(([folder, concerns]) =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => name.endsWith(".attrs") && concerns(name))
            .map((name) => join(folder, name))
        : [],
    )
    .filter(isBroken);
  for (const file of broken) rmSync(file, { force: true });
  return broken;
}
