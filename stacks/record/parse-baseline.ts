/** Reads what a rollout's record says of the time before its first move. */
import type { Baseline } from "./types";
import { Reader } from "./value-reader";

type Counts = Baseline["targets"][string];
type Requests = Baseline["requests"][string];

function entries<T>(
  reader: Reader,
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(reader.object(value, path)).map(([key, item]) => [key, read(item, `${path}.${key}`)]),
  );
}

function requestsOf(reader: Reader, value: unknown, path: string): Baseline["requests"] {
  return entries(reader, value, path, (item, where): Requests => {
    const seen = reader.object(item, where);
    const statuses =
      seen["statuses"] == null
        ? null
        : reader
            .array(seen["statuses"], `${where}.statuses`)
            .map((code) => reader.whole(code, `${where}.statuses`, 100));
    return {
      sent: reader.whole(seen["sent"], `${where}.sent`, 0),
      failed: reader.whole(seen["failed"], `${where}.failed`, 0),
      ...(statuses === null ? {} : { statuses }),
    };
  });
}

/** Null for what is unsound or says nothing: then the gates judge without it. */
export function failingBeforeOf(value: unknown): Baseline["requests"] | null {
  const reader = new Reader();
  const requests = requestsOf(reader, value, "rollout.failingBefore");
  return reader.problems.length === 0 && Object.keys(requests).length > 0 ? requests : null;
}

export function baselineOf(reader: Reader, value: unknown, path: string): Baseline {
  const object = reader.object(value, path);
  const counts = (item: unknown, where: string): Counts[string] => {
    const count = reader.object(item, where);
    return {
      registered: reader.whole(count["registered"], `${where}.registered`, 0),
      healthy: reader.whole(count["healthy"], `${where}.healthy`, 0),
    };
  };
  return {
    targets: entries(reader, object["targets"], `${path}.targets`, (groups, where) =>
      entries(reader, groups, where, counts),
    ),
    requests: requestsOf(reader, object["requests"], `${path}.requests`),
    alarms: reader
      .array(object["alarms"], `${path}.alarms`)
      .map((name, index) => reader.text(name, `${path}.alarms[${index}]`)),
  };
}
