/** Files that follow from the sources. `npm run docs` writes them, a test says when one is stale. */
import { configSchema } from "../../stacks/config/schema";
import { commandsByStatePage } from "../../test/simulation/states/page";
import { cliPage } from "./cli-page";
import { configPage } from "./config-page";

export const generated: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/commands-by-state.md": commandsByStatePage,
  "docs/reference/cli.md": cliPage,
  "docs/reference/config.md": configPage,
  "schema/config.schema.json": () => `${JSON.stringify(configSchema(), null, 2)}\n`,
};
