/**
 * Reader the record's `ownership` and `adoption`. What lies deeper was written by the driver in one piece and is taken
 * as a whole.
 */
import { adoptionSteps, undoSteps, type Adoption, type BeforeAdoption } from "./adoption";
import { loadBalancerOf } from "./parse-ownership";
import { readSignature } from "./signature";
import type { Reader } from "./value-reader";

function beforeOf(reader: Reader, value: unknown): BeforeAdoption {
  const object = reader.object(value, "adoption.before");
  const loadBalancer = loadBalancerOf(reader, object["loadBalancer"], "adoption.before.loadBalancer");
  for (const key of ["annotations", "labels", "tags", "targets"]) reader.object(object[key], `adoption.before.${key}`);
  reader.label(object["namespace"], "adoption.before.namespace");
  reader.objectName(object["name"], "adoption.before.name");
  reader.text(object["serviceType"], "adoption.before.serviceType");
  return {
    ...(object as unknown as BeforeAdoption),
    loadBalancer,
    loadBalancerClass:
      object["loadBalancerClass"] == null
        ? null
        : reader.text(object["loadBalancerClass"], "adoption.before.loadBalancerClass"),
  };
}

export function adoptionOf(reader: Reader, value: unknown): Adoption {
  const object = reader.object(value, "adoption");
  return {
    service: reader.name(object["service"], "adoption.service"),
    member: reader.name(object["member"], "adoption.member"),
    step: reader.oneOf(object["step"], "adoption.step", [...adoptionSteps, ...undoSteps]),
    direction: reader.oneOf(object["direction"], "adoption.direction", ["forward", "back"] as const),
    reason: object["reason"] == null ? null : reader.text(object["reason"], "adoption.reason"),
    startedAt: reader.text(object["startedAt"], "adoption.startedAt"),
    ...readSignature(reader, object, "adoption"),
    before: beforeOf(reader, object["before"]),
  };
}
