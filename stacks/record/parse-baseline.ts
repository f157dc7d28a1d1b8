/** Reads what a rollout's record says of the time before its first move. */
import type { Baseline } from "./types";
import type { Reader } from "./value-reader";

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

export function baselineOf(reader: Reader, value: unknown, path: string): Baseline {
  const object = reader.object(value, path);
  const counts = (item: unknown, where: string): Counts[string] => {
    const count = reader.object(item, where);
    return {
      registered: reader.whole(count["registered"], `${where}.registered`, 0),
      healthy: reader.whole(count["healthy"], `${where}.healthy`, 0),
    };
  };
  const requests = (item: unknown, where: string): Requests => {
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
  };
  return {
    targets: entries(reader, object["targets"], `${path}.targets`, (groups, where) =>
      entries(reader, groups, where, counts),
    ),
    requests: entries(reader, object["requests"], `${path}.requests`, requests),
    alarms: reader
      .array(object["alarms"], `${path}.alarms`)
      .map((name, index) => reader.text(name, `${path}.alarms[${index}]`)),
  };
}
