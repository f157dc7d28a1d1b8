/**
 * Hooks whose commands ask the scenario, and wait for its answer: each leaves a file, and goes on when that has a
 * companion. A command that is run twice asks once.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hookVariable } from "../../../ports/hooks";
import type { Seen } from "../stage";

export interface AnsweredHook {
  readonly name: string;
  readonly at: string;
  /** What it is for; resolves when that is done. */
  readonly does: (member: string) => Promise<void>;
}

const script =
  `file="$1/${["NAME", "AT", "MEMBER"].map((name) => `$${hookVariable(name)}`).join(" ")}"; ` +
  ': > "$file"; until [ -e "$file.done" ]; do sleep 0.2; done';
const roundMs = 200;

export class AnsweredHooks {
  /** `name at member`, in the order in which they asked. */
  readonly asked: string[] = [];
  private over = false;
  private readonly rounds: Promise<void>;

  constructor(
    private readonly folder: string,
    private readonly hooks: readonly AnsweredHook[],
  ) {
    mkdirSync(folder, { recursive: true });
    this.rounds = this.answer();
    // Told by `end`.
    this.rounds.catch(() => undefined);
  }

  /** For the config. */
  config(): object[] {
    return this.hooks.map(({ name, at }) => ({
      name,
      at,
      command: ["sh", "-c", script, "sh", this.folder],
      timeoutSeconds: 240,
    }));
  }

  seen(expected: readonly string[]): Seen {
    const seen = this.asked.join(", ");
    return { holds: seen === expected.join(", "), seen: seen === "" ? "none was run" : seen };
  }

  /** @throws what went wrong with an answer */
  async end(): Promise<void> {
    this.over = true;
    await this.rounds;
  }

  private async answer(): Promise<void> {
    while (!this.over) {
      const files = readdirSync(this.folder).filter((name) => !name.endsWith(".done") && !this.asked.includes(name));
      for (const file of files) {
        this.asked.push(file);
        const [name, , member = ""] = file.split(" ");
        await this.hooks.find((hook) => hook.name === name)?.does(member);
        if (!existsSync(join(this.folder, `${file}.done`))) writeFileSync(join(this.folder, `${file}.done`), "");
      }
      await new Promise((resolve) => setTimeout(resolve, roundMs));
    }
  }
}
