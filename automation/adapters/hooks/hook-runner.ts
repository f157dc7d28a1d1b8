/** Hooks as they are: commands in the project's folder, and webhooks. */
import {
  hookVariable,
  type HookAction,
  type HookCall,
  type HookEnd,
  type HookFacts,
  type HooksPort,
} from "../../ports/hooks";
import { CommandRunner } from "./command-runner";
import { callWebhook } from "./webhook";

/** `kubernetesVersion` is the variable whose name ends in `KUBERNETES_VERSION`. */
export const variablesOf = (facts: HookFacts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]: readonly [string, string]) => [
      hookVariable(name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()),
      value,
    ]),
  );

export class HookRunner implements HooksPort {
  private readonly commands: CommandRunner;

  constructor(
    projectDirectory: string,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {
    this.commands = new CommandRunner(projectDirectory, env);
  }

  async lacks(action: HookAction): Promise<string | null> {
    if (action.kind === "command") return await this.commands.lacks(action.command);
    return this.tokenOf(action.tokenVariable) === undefined
      ? `the environment variable ${action.tokenVariable ?? ""} is not set`
      : null;
  }

  async run({ action, facts, timeoutMs }: HookCall, cancel: AbortSignal): Promise<HookEnd> {
    if (action.kind === "command")
      return await this.commands.run({ command: action.command, variables: variablesOf(facts), timeoutMs }, cancel);
    const token = this.tokenOf(action.tokenVariable);
    if (token === undefined)
      return { kind: "failed", why: `the environment variable ${action.tokenVariable ?? ""} is not set` };
    return await callWebhook({ url: action.url, token, facts, timeoutMs }, cancel);
  }

  /** null: none is asked for; undefined: it is not there. */
  private tokenOf(variable: string | null): string | null | undefined {
    if (variable === null) return null;
    const token = this.env[variable];
    return token === undefined || token === "" ? undefined : token;
  }
}
