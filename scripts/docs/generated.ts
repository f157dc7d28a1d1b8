/** Files that follow from the sources. `npm run docs` writes them, a test says when one is stale. */
import { configSchema } from "../../stacks/config/schema";
import { cliPage } from "./cli-page";
import { configPage } from "./config-page";

export const generated: Readonly<Record<string, () => string>> = {
  "docs/reference/cli.md": cliPage,
  "docs/reference/config.md": configPage,
  "schema/config.schema.json": () => `${JSON.stringify(configSchema(), null, 2)}\n`,
};
