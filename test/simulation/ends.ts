/** Ends of members while the config is set back to the version that they have. */
import type { EnvironmentRecord } from "../../stacks/record";

export class Ends {
  /** The config was set back when the last command read it. */
  setBackWhenRead = false;
  /**
   * A command that had read the config as it was before has written the end of a member down. It goes on: the intent is
   * no proof of what the engine has taken away already.
   */
  private begun = false;

  recorded(before: EnvironmentRecord, next: EnvironmentRecord): void {
    if (next.intent?.move.kind !== "retire") this.begun = false;
    else if (before.intent?.move.kind !== "retire") this.begun = !this.setBackWhenRead;
  }
  /** Of the version that ran. */
  get forbidden(): boolean {
    return this.setBackWhenRead && !this.begun;
  }
}
