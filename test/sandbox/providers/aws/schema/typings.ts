/** Inputs of the aws provider's types, read from the typings of `@pulumi/aws`. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const folder = dirname(require.resolve("@pulumi/aws/package.json"));
const property = /^ +(\w+)\??: pulumi\.Input<(.*)$/;

/** By property, the name of its own interface (`lb.ListenerDefaultAction`), or null. */
type Inputs = ReadonlyMap<string, string | null>;

function propertiesOf(lines: readonly string[]): Inputs {
  return new Map(
    lines.flatMap((line) => {
      const [, name, type] = property.exec(line) ?? [];
      return name === undefined ? [] : [[name, /inputs\.([\w.]+)/.exec(type ?? "")?.[1] ?? null] as const];
    }),
  );
}

const between = (lines: readonly string[], start: (line: string) => boolean, end: string): string[] => {
  const at = lines.findIndex(start);
  return at < 0 ? [] : lines.slice(at + 1, lines.indexOf(end, at));
};

/** `aws:lb/loadBalancer:LoadBalancer` and its arguments. */
export function inputsOf(type: string): Inputs {
  const [, module, file, name] = /^aws:(\w+)\/(\w+):(\w+)$/.exec(type) ?? [];
  const lines = readFileSync(join(folder, `${module}`, `${file}.d.ts`), "utf8").split("\n");
  return propertiesOf(between(lines, (line) => line === `export interface ${name}Args {`, "}"));
}

let nested: string[] | null = null;

/** Of an interface of `types/input.d.ts`, like `lb.ListenerDefaultAction`. */
export function inputsBelow(interfaceName: string): Inputs {
  nested ??= readFileSync(join(folder, "types", "input.d.ts"), "utf8").split("\n");
  const [module, name] = interfaceName.split(".");
  const own = between(nested, (line) => line === `export declare namespace ${module} {`, "}");
  return propertiesOf(between(own, (line) => line === `    interface ${name} {`, "    }"));
}
