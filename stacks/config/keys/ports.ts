/** `services[].ports`: a listener and a target group for each. */
import { ports as portNumbers } from "../../../components/internal/aws-limits";
import { text, whole } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { derived, leftOut, required, type ValueOf } from "../declare/key";

export const portNumber = whole(portNumbers);

/** Of a workload that somebody else deploys, and so of a Service whose ports are not this package's. */
export const servicePort = leftOut(portNumber, "`targetPort`", {
  readBy: ["members", "driver"],
  doc:
    "Only with `workload: external`, `manifests` or `chart`: port of the Kubernetes Service, when it is not the " +
    "container's.",
  change: { kind: "partly", note: "no" },
});

const portKeys = {
  name: required(
    text({
      // A port's name, as Kubernetes has it.
      pattern: /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/,
      rule:
        "must be lower-case letters, digits and dashes with at least one letter, at most 15 characters (a Kubernetes " +
        "port name)",
      remedy: "Choose a name like http",
    }),
    { doc: "Unique within the service; part of the target group's key.", change: { kind: "partly", note: "no" } },
  ),
  port: required(portNumber, { doc: "Listener port on the load balancer." }),
  targetPort: required(portNumber, { doc: "Port of the container.", change: { kind: "partly", note: "no" } }),
  servicePort,
};

/** A port of a service: a listener on the load balancer and a target group of its own. */
export interface ServicePortConfig extends ValueOf<typeof portKeys> {}

const portsDiffer: Rule<readonly ServicePortConfig[]> = (all, place) =>
  all.forEach((one, index) => {
    for (const key of ["name", "port", "targetPort"] as const) {
      const first = all.findIndex((other) => other[key] === one[key]);
      if (first < index && one[key] !== "")
        place.add(
          `[${index}].${key}`,
          one[key],
          `is taken by ports[${first}]`,
          "Give every port of a service its own name, listener port and container port",
        );
    }
  });

/** The first of `ports`, when that was given. */
export const ofFirst = (key: "port" | "targetPort") =>
  derived(
    ({ ports }: { ports?: readonly ServicePortConfig[] }) =>
      ports === undefined ? undefined : (ports[0]?.[key] ?? portNumbers.least),
    "required without `ports`",
  );

export const ports = groupList(group(portKeys), {
  what: "port",
  remedy: "Write name, port and targetPort of each",
  rules: [portsDiffer],
});
