/**
 * Reads a record that came from outside (a stack's outputs): typed, or all its problems. Unknown fields are kept out.
 */
import { sizedAt } from "./desired-member";
import { ownershipOf } from "./parse-ownership";
import { adoptionOf } from "./parse-adoption";
import { evacuatedOf, evacuationOf } from "./parse-evacuation";
import { baselineOf, failingBeforeOf } from "./parse-baseline";
import { parseHalt } from "./halt";
import { readSignature } from "./signature";
import { Reader } from "./value-reader";
import { membersOf } from "./moves";
import { schemaOf } from "./schema";
import type {
  Change,
  EnvironmentRecord,
  Hold,
  Intent,
  MemberPlacement,
  Move,
  Rollout,
  RolloutCommand,
  ShiftMove,
  Step,
  TrafficChange,
} from "./types";

/** A record, or all that is wrong with it; exactly one of them. */
export type ParsedRecord =
  | { readonly record: EnvironmentRecord; readonly problems: readonly [] }
  | { readonly record: null; readonly problems: readonly string[] };

const roles = ["absent", "standby", "active"] as const;
const workloads = ["running", "stopped"] as const;
const memberKinds = ["provision", "admit", "drain", "upgrade", "scale", "retire"] as const;
const kinds = [...memberKinds, "shift"] as const;
/** ELBv2's own limit of a target group's weight. */
const mostShare = 999;

function placementOf(reader: Reader, value: unknown, path: string): MemberPlacement {
  const object = reader.object(value, path);
  const role = reader.oneOf(object["role"], `${path}.role`, roles);
  const workload = reader.oneOf(object["workload"], `${path}.workload`, workloads);
  // Pulumi's outputs drop nothing, but a hand-edited state may: a missing version is read as null.
  const version = object["version"] ?? null;
  if (version !== null && !(typeof version === "string" && /^\d+\.\d+$/.test(version)))
    reader.problems.push(
      `${path}.version: expected a Kubernetes minor like 1.35 or null, got ${JSON.stringify(version)}`,
    );
  else if ((version === null) !== (role === "absent"))
    reader.problems.push(
      `${path}.version: null exactly when the role is absent; role is ${role}, version is ${version ?? "null"}`,
    );
  const percent = (key: string): number | null =>
    object[key] == null ? null : reader.whole(object[key], `${path}.${key}`, 1);
  const capacity = percent("capacityPercent") ?? 100;
  const evacuated = object["evacuated"] == null ? null : evacuatedOf(reader, object["evacuated"], `${path}.evacuated`);
  if (evacuated !== null && role !== "standby")
    reader.problems.push(`${path}.evacuated: only a standby can be evacuated; role is ${role}`);
  const sized = sizedAt(
    { role, version: version as string | null, workload },
    capacity,
    percent("nodePercent") ?? capacity,
  );
  const share = object["share"] == null ? null : reader.whole(object["share"], `${path}.share`, 0);
  if (share !== null && share > mostShare)
    reader.problems.push(`${path}.share: expected a whole number from 0 to ${mostShare}, got ${share}`);
  if (share !== null && role !== "active")
    reader.problems.push(`${path}.share: only an active member has one; role is ${role}`);
  return {
    ...sized,
    ...(share === null ? {} : { share }),
    ...(evacuated === null ? {} : { evacuated }),
  };
}

function shiftOf(reader: Reader, { changes: value, sum }: Readonly<Record<string, unknown>>, at: string): ShiftMove {
  const path = `${at}.changes`;
  const changes: Record<string, Change> = {};
  for (const [member, change] of Object.entries(reader.object(value, path))) {
    const object = reader.object(change, `${path}.${member}`);
    changes[reader.name(member, path)] = {
      from: placementOf(reader, object["from"], `${path}.${member}.from`),
      to: placementOf(reader, object["to"], `${path}.${member}.to`),
    };
  }
  if (Object.keys(changes).length === 0)
    reader.problems.push(`${path}: a shift changes the share of a member at least`);
  return { kind: "shift", changes, ...(sum == null ? {} : { sum: reader.whole(sum, `${at}.sum`, 1) }) };
}

function moveOf(reader: Reader, value: unknown, path: string): Move {
  const object = reader.object(value, path);
  const kind = reader.oneOf(object["kind"], `${path}.kind`, kinds);
  if (kind === "shift") return shiftOf(reader, object, path);
  return {
    kind,
    member: reader.name(object["member"], `${path}.member`),
    from: placementOf(reader, object["from"], `${path}.from`),
    to: placementOf(reader, object["to"], `${path}.to`),
  };
}

function stepOf(reader: Reader, value: unknown, path: string): Step {
  const object = reader.object(value, path);
  const type = reader.oneOf(object["type"], `${path}.type`, ["move", "bake"] as const);
  if (type === "move") return { type, ...moveOf(reader, value, path) };
  const seconds = object["seconds"];
  if (typeof seconds !== "number" || !(seconds >= 0))
    reader.problems.push(`${path}.seconds: expected seconds from 0, got ${JSON.stringify(seconds) ?? "nothing"}`);
  return { type, seconds: Number(seconds), why: typeof object["why"] === "string" ? object["why"] : "" };
}

function commandOf(reader: Reader, value: unknown): RolloutCommand {
  const object = reader.object(value, "rollout.command");
  const [member, percent] = [object["member"] ?? null, object["percent"] ?? null];
  return {
    name: reader.oneOf(object["name"], "rollout.command.name", [
      "rollback",
      "admit",
      "drain",
      "scale",
      "teardown",
      "replace",
    ] as const),
    member: member === null ? null : reader.name(member, "rollout.command.member"),
    percent: percent === null ? null : reader.whole(percent, "rollout.command.percent", 1),
  };
}

function healthyBeforeOf(reader: Reader, value: unknown): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(reader.object(value, "rollout.healthyBefore")).map(([member, groups]) => {
      const path = `rollout.healthyBefore.${member}`;
      return [
        member,
        Object.fromEntries(
          Object.entries(reader.object(groups, path)).map(([key, count]) => [
            key,
            reader.whole(count, `${path}.${key}`, 0),
          ]),
        ),
      ];
    }),
  );
}

const namesOf = (reader: Reader, value: unknown, path: string): string[] =>
  reader.array(value, path).map((name, index) => reader.text(name, `${path}[${index}]`));

function rolloutOf(reader: Reader, value: unknown): Rollout {
  const object = reader.object(value, "rollout");
  const steps = reader
    .array(object["steps"], "rollout.steps")
    .map((step, index) => stepOf(reader, step, `rollout.steps[${index}]`));
  const done = reader.whole(object["done"], "rollout.done", 0);
  if (done > steps.length) reader.problems.push(`rollout.done: ${done} of ${steps.length} steps`);
  const reason = object["reason"] ?? null;
  const command = object["command"] == null ? null : commandOf(reader, object["command"]);
  const failingBefore = object["failingBefore"] == null ? null : failingBeforeOf(object["failingBefore"]);
  const healthyBefore = object["healthyBefore"] == null ? null : healthyBeforeOf(reader, object["healthyBefore"]);
  return {
    id: reader.text(object["id"], "rollout.id"),
    ...(command === null ? {} : { command }),
    strategy: reader.oneOf(object["strategy"], "rollout.strategy", ["replace", "cycle"] as const),
    wantedVersion: reader.text(object["wantedVersion"], "rollout.wantedVersion"),
    steps,
    done,
    direction: reader.oneOf(object["direction"], "rollout.direction", ["forward", "back"] as const),
    reason: reason === null ? null : reader.text(reason, "rollout.reason"),
    ...(healthyBefore === null ? {} : { healthyBefore }),
    ...(object["baseline"] == null ? {} : { baseline: baselineOf(reader, object["baseline"], "rollout.baseline") }),
    ...(failingBefore === null ? {} : { failingBefore }),
    ...(object["turned"] == null ? {} : { turned: baselineOf(reader, object["turned"], "rollout.turned") }),
    ...(object["asked"] === true ? { asked: true as const } : {}),
    ...(object["again"] === true ? { again: true as const } : {}),
    ...(object["givenUp"] === true ? { givenUp: true as const } : {}),
    ...(object["cut"] === true ? { cut: true as const } : {}),
    ...(object["atOnce"] === true ? { atOnce: true as const } : {}),
    ...(object["erring"] == null ? {} : { erring: namesOf(reader, object["erring"], "rollout.erring") }),
    startedAt: reader.text(object["startedAt"], "rollout.startedAt"),
  };
}

function intentOf(reader: Reader, value: unknown): Intent {
  const object = reader.object(value, "intent");
  const targetsBefore: Record<string, readonly string[]> = {};
  for (const [service, targets] of Object.entries(reader.object(object["targetsBefore"], "intent.targetsBefore"))) {
    targetsBefore[service] = reader
      .array(targets, `intent.targetsBefore.${service}`)
      .map((target, index) => reader.text(target, `intent.targetsBefore.${service}[${index}]`));
  }
  return {
    move: moveOf(reader, object["move"], "intent.move"),
    step: reader.whole(object["step"], "intent.step", 0),
    startedAt: reader.text(object["startedAt"], "intent.startedAt"),
    ...readSignature(reader, object, "intent"),
    targetsBefore,
  };
}

function holdOf(reader: Reader, value: unknown): Hold {
  const object = reader.object(value, "hold");
  const version = object["version"];
  if (typeof version !== "string" || !/^\d+\.\d+$/.test(version))
    reader.problems.push(`hold.version: expected a Kubernetes minor like 1.35, got ${JSON.stringify(version)}`);
  return {
    version: String(version),
    ...(typeof object["settings"] === "string" ? { settings: object["settings"] } : {}),
    at: reader.text(object["at"], "hold.at"),
    ...readSignature(reader, object, "hold"),
  };
}

/** Null for one that is unsound: it is only shown. */
function lastTrafficOf(value: unknown): TrafficChange | null {
  const reader = new Reader();
  const object = reader.object(value, "lastTraffic");
  const change: TrafficChange = {
    kind: reader.oneOf(object["kind"], "lastTraffic.kind", ["admit", "drain", "evacuate", "shift"] as const),
    member: reader.name(object["member"], "lastTraffic.member"),
    startedAt: reader.text(object["startedAt"], "lastTraffic.startedAt"),
    ...readSignature(reader, object, "lastTraffic"),
  };
  return reader.problems.length === 0 ? change : null;
}

/** Types a record, or says everything that is wrong with it. */
export function parseRecord(value: unknown): ParsedRecord {
  const reader = new Reader();
  const object = reader.object(value, "record");
  const schema = object["schemaVersion"];
  if (schema !== 1 && schema !== 2) {
    reader.problems.push(
      `schemaVersion: this version of eks-blue-green reads 1 and 2, got ${JSON.stringify(schema) ?? "nothing"}`,
    );
    return { record: null, problems: reader.problems };
  }
  const placement: Record<string, MemberPlacement> = {};
  for (const [member, stands] of Object.entries(reader.object(object["placement"], "placement")))
    placement[reader.name(member, "placement")] = placementOf(reader, stands, `placement.${member}`);
  const rollout = object["rollout"] == null ? null : rolloutOf(reader, object["rollout"]);
  const intent = object["intent"] == null ? null : intentOf(reader, object["intent"]);
  const ownership = object["ownership"] == null ? null : ownershipOf(reader, object["ownership"]);
  const revision = reader.whole(object["revision"], "revision", 1);
  if (intent !== null && rollout === null) reader.problems.push("intent: a move is open, but there is no rollout");
  if (intent !== null && reader.problems.length === 0)
    for (const member of membersOf(intent.move))
      if (placement[member] === undefined) reader.problems.push(`intent.move.member: '${member}' has no placement`);
  if (schema === 1 && schemaOf({ placement, rollout, intent }) !== 1)
    reader.problems.push("schemaVersion: shares and shifts belong to schema 2, got 1");
  const adoption = object["adoption"] == null ? null : adoptionOf(reader, object["adoption"]);
  if (adoption !== null && intent !== null)
    reader.problems.push("adoption: a load balancer is being handed over while a move is open");
  const evacuation = object["evacuation"] == null ? null : evacuationOf(reader, object["evacuation"]);
  if (evacuation !== null && rollout !== null && (rollout.cut !== true || intent?.move.member === evacuation.member))
    reader.problems.push("evacuation: a member is being evacuated while a rollout is open");
  const hold = object["hold"] == null ? null : holdOf(reader, object["hold"]);
  const halt = object["halt"] == null ? null : parseHalt(object["halt"]);
  const lastTraffic = object["lastTraffic"] == null ? null : lastTrafficOf(object["lastTraffic"]);
  if (reader.problems.length > 0) return { record: null, problems: reader.problems };
  const handover = {
    ...(ownership === null ? {} : { ownership }),
    ...(adoption === null ? {} : { adoption }),
    ...(evacuation === null ? {} : { evacuation }),
    ...(hold === null ? {} : { hold }),
    ...(halt === null ? {} : { halt }),
    ...(lastTraffic === null ? {} : { lastTraffic }),
  };
  return { record: { schemaVersion: schema, revision, placement, rollout, intent, ...handover }, problems: [] };
}
