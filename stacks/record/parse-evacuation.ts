import type { Evacuated, Evacuation } from "./evacuation";
import { readSignature } from "./signature";
import type { Reader } from "./value-reader";

function roleOf(reader: Reader, value: unknown, path: string): string | null {
  return value == null ? null : reader.roleName(value, path);
}

const unboundOf = (object: Readonly<Record<string, unknown>>): { readonly unbound?: true } =>
  object["unbound"] === true ? { unbound: true } : {};

export function evacuatedOf(reader: Reader, value: unknown, path: string): Evacuated {
  const object = reader.object(value, path);
  return {
    at: reader.text(object["at"], `${path}.at`),
    ...readSignature(reader, object, path),
    why: reader.text(object["why"], `${path}.why`),
    roleName: roleOf(reader, object["roleName"], `${path}.roleName`),
    ...unboundOf(object),
  };
}

export function evacuationOf(reader: Reader, value: unknown): Evacuation {
  const object = reader.object(value, "evacuation");
  const targets: Record<string, string[]> = {};
  for (const [key, ids] of Object.entries(reader.object(object["targets"], "evacuation.targets"))) {
    targets[key] = reader
      .array(ids, `evacuation.targets.${key}`)
      .map((id, index) => reader.text(id, `evacuation.targets.${key}[${index}]`));
  }
  return {
    member: reader.name(object["member"], "evacuation.member"),
    startedAt: reader.text(object["startedAt"], "evacuation.startedAt"),
    ...readSignature(reader, object, "evacuation"),
    why: reader.text(object["why"], "evacuation.why"),
    targets,
    roleName: roleOf(reader, object["roleName"], "evacuation.roleName"),
    ...unboundOf(object),
    ...(object["teardown"] === true ? { teardown: true as const } : {}),
  };
}
