/** Runs a user's function, and keeps what it answered in updates that leave it out. */
import * as pulumi from "@pulumi/pulumi";
import { type StackReading } from "../shared/stack-outputs";
import { declareOwn, type Defaults } from "./own-resources";
import type { ExtensionResult } from "./types";

/** Outputs of the last update that ran the function. */
export function keptExtension(last: StackReading): Record<string, unknown> {
  if (last.kind !== "outputs") return {};
  const { outputs, secretNames } = last;
  return Object.fromEntries(
    ["extension", "extensionOutputs"].flatMap((key) =>
      outputs[key] === undefined
        ? []
        : [[key, secretNames.includes(key) ? pulumi.secret(outputs[key]) : outputs[key]] as const],
    ),
  );
}

/** Declares it; answers the outputs. `more`: what else the driver must know. */
export async function runExtension(
  defaults: Defaults,
  declare: () => ExtensionResult | Promise<ExtensionResult>,
  more: () => Record<string, unknown> = () => ({}),
): Promise<Record<string, unknown>> {
  const { result, resources } = await declareOwn(defaults, declare);
  return { extension: { resources, ...more() }, extensionOutputs: result ?? {} };
}
