/** From Pulumi's flat config map to the wanted state, with defaults. Every problem is found in one pass. */
import { type Problem, throwProblems } from "../../components/internal/problems";
import { readAwsSettings, readRegion } from "./aws-provider";
import { readKeys, refuseUnknown } from "./declare/group";
import type { Key, Keys } from "./declare/key";
import { type Earlier, Place } from "./declare/place";
import { memberKeys, ownKeys } from "./keys/environment";
import { plainNameRule } from "./keys/names";
import { environmentRules } from "./rules/environment";
import { plainName } from "../shared/plain-name";
import type { EnvironmentConfig, MemberConfig } from "./types";

const namespace = "eks-blue-green:";

/** Values of the package's namespace, without it; those of structured keys are decoded. */
function ownValues(values: Readonly<Record<string, string>>, keys: Keys, top: Place): Record<string, unknown> {
  const own: Record<string, unknown> = {};
  for (const [full, text] of Object.entries(values)) {
    if (!full.startsWith(namespace)) continue;
    const name = full.slice(namespace.length);
    const key: Key<unknown> | undefined = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key?.form.structured !== true) {
      own[name] = text;
      continue;
    }
    try {
      own[name] = JSON.parse(text);
    } catch {
      top.add(
        name,
        text,
        "must be a structured value",
        `Write it as YAML under ${full} (pulumi config set --path does so)`,
      );
    }
  }
  return own;
}

/**
 * Throws a ConfigError that names every own key with a secret value (`secretKeys`: full keys, like
 * `eks-blue-green:services`): the parsed config is a plain output, so what was encrypted would stand readable in
 * outputs, state and backups. No value is in the message.
 */
export function refuseSecretConfig(environment: string, secretKeys: readonly string[]): void {
  throwProblems(
    `The config of environment '${environment}'`,
    secretKeys
      .filter((key) => key.startsWith(namespace))
      .sort()
      .map((key): Problem => ({
        path: key.slice(namespace.length),
        value: "[secret]",
        rule:
          "can't hold secret values: the config is an output in plain text, so they would be readable there, in " +
          "the state and in its backups",
        remedy:
          `Write ${key} without secret values; what a container must not show goes into a Kubernetes Secret, named ` +
          "in services[].environmentFrom",
      })),
  );
}

/**
 * The wanted state of an environment. `values` is the whole config map of its stack (`pulumi.runtime.allConfig()`, or
 * the values of `stack.getAllConfig()`); structured values are JSON text. Throws a ConfigError with all problems.
 */
export function parseEnvironmentConfig(
  values: Readonly<Record<string, string>>,
  context: { readonly environment: string },
): EnvironmentConfig {
  const problems: Problem[] = [];
  const outside = new Place(problems, "", {});
  const raw = ownValues(values, ownKeys, outside);
  if (!plainName.test(context.environment))
    outside.add(
      "(stack name)",
      context.environment,
      plainNameRule,
      "Choose a stack name like dev: pulumi stack init dev",
    );
  const region = readRegion(values, outside);
  const aws = readAwsSettings(values, outside);
  // Filled while the keys are read: what stands above is there for what stands below.
  const earlier: Earlier = { environment: context.environment, region };
  const top = new Place(problems, "", earlier);
  const own = readKeys(ownKeys, raw, top, earlier);
  for (const rule of environmentRules) rule(own, top, (key) => raw[key] !== undefined);
  refuseUnknown(ownKeys, raw, top, ` of ${namespace.slice(0, -1)}`);
  throwProblems(`The config of environment '${context.environment}'`, problems);
  return { region, ...(aws === null ? {} : { aws }), ...own };
}

/** Whether a stack's config is a member's: it has one of the two keys. */
export function isMemberConfig(values: Readonly<Record<string, string>>): boolean {
  return Object.keys(memberKeys).some((key) => values[namespace + key] !== undefined);
}

/** The config of a member's stack: two keys and no other of the package's. Throws a ConfigError with all problems. */
export function parseMemberConfig(values: Readonly<Record<string, string>>): MemberConfig {
  const problems: Problem[] = [];
  const top = new Place(problems, "", {});
  const raw = ownValues(values, memberKeys, top);
  const config = readKeys(memberKeys, raw, top);
  refuseUnknown(memberKeys, raw, top, " of a member's stack (everything else comes from the environment's)");
  throwProblems("The config of this member's stack", problems);
  return config;
}
