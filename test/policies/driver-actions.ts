/** What the driver asks of AWS, by its sources. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");
const prefixes: Readonly<Record<string, string>> = {
  "elastic-load-balancing-v2": "elasticloadbalancing",
  cloudwatch: "cloudwatch",
  ec2: "ec2",
  eks: "eks",
  iam: "iam",
  sts: "sts",
};

/** `service:Action` of every command that the driver's sources send. */
export function driverActions(): string[] {
  const folder = join(root, "automation/adapters/aws");
  return [
    ...new Set(
      readdirSync(folder)
        .filter((name) => name.endsWith(".ts"))
        .flatMap((name) => {
          const source = readFileSync(join(folder, name), "utf8");
          const services = new Map<string, string>();
          for (const [, names = "", client = ""] of source.matchAll(
            /import \{([^}]*)\} from "@aws-sdk\/client-([^"]+)"/g,
          ))
            for (const imported of names.split(",")) {
              const [command = "", alias = command] = imported.trim().split(/ as /);
              services.set(alias.trim(), `${prefixes[client]}:${command.trim().replace(/Command$/, "")}`);
            }
          return [...source.matchAll(/new ([A-Z]\w+Command)\(/g)].map(([, command = ""]) => {
            const action = services.get(command);
            assert.ok(action !== undefined && !action.startsWith("undefined"), `${name}: ${command} has no service`);
            return action;
          });
        }),
    ),
  ].sort();
}
