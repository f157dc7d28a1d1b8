/** `services[].podTemplate`: what a team adds to the pods of a service. */
import { defaultLagSeconds } from "../../../components/internal/propagation-lag";
import { isObject } from "../../../components/internal/plain-object";
import { graceIn, type PodTemplatePart, preStopIn } from "../../../components/internal/pod-template";
import { podTemplateProblems } from "../../../components/internal/pod-template-problems";
import { custom, type JsonSchema } from "../declare/form";
import type { Rule } from "../declare/group";
import { leftOut } from "../declare/key";
import type { Place } from "../declare/place";
import { checkFields, fieldNames } from "./kubernetes-fields";
import { accountNameOf, type ServiceAccountConfig } from "./service-account";

function read(value: unknown, place: Place): PodTemplatePart | undefined {
  if (!isObject(value)) {
    const remedy = "Write metadata and spec, as in the template of a Deployment";
    return place.refuse(value, "must be a part of Kubernetes' PodTemplateSpec", remedy);
  }
  checkFields(value, "V1PodTemplateSpec", place);
  for (const key of ["metadata", "spec"]) if (value[key] !== undefined && !isObject(value[key])) return undefined;
  return value;
}

/** Editors check names of the pod's own fields; what is in them the parser does, against the same models. */
const schema: JsonSchema = {
  type: "object",
  properties: {
    metadata: {
      description: "Labels and annotations of the pods.",
      type: "object",
      propertyNames: { enum: ["labels", "annotations"] },
      additionalProperties: { type: "object", additionalProperties: { type: "string" } },
    },
    spec: {
      description: "Any part of Kubernetes' PodSpec.",
      type: "object",
      propertyNames: { enum: fieldNames("V1PodSpec") },
    },
  },
  additionalProperties: false,
};

export const podTemplate = leftOut(
  custom<PodTemplatePart>({
    read,
    empty: {},
    type: "object",
    range: "part of Kubernetes' PodTemplateSpec; every field is checked by name and kind (Kubernetes 1.34)",
    schema,
  }),
  "nothing is added",
  {
    doc:
      "Merged onto the pods' template that this package writes, as a strategic merge patch: sidecars, init containers, " +
      "volumes, tolerations, resources, probes and the like. A container named as the service is its own; null takes a " +
      "value away. What the load balancer and the moves go by is refused. " +
      "See [shape the pods of a service](../how-to/pod-template.md).",
    example: { spec: { priorityClassName: "critical" } },
  },
);

interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount?: ServiceAccountConfig;
  readonly podTemplate?: PodTemplatePart;
  readonly ports?: readonly { readonly name: string; readonly targetPort: number }[];
  readonly targetPort: number;
  readonly preStopSeconds: number;
  readonly terminationGraceSeconds: number;
  readonly memory?: string;
  readonly cpu?: string;
  readonly podSecurity?: { readonly profile: "restricted" | "baseline" };
  readonly environment: Readonly<Record<string, string>>;
}

/** Defaults of the two times: as the template says. */
export const preStopDefault = ({ name, podTemplate: part }: Pick<Service, "name" | "podTemplate">): number =>
  preStopIn(name, part) ?? defaultLagSeconds;
export const graceDefault = (service: Pick<Service, "podTemplate" | "preStopSeconds">): number =>
  graceIn(service.podTemplate) ?? service.preStopSeconds + 60;

/** Where the two times are written: a problem of one names that place. */
export const placesOfTimes = (
  { name, podTemplate: part }: Pick<Service, "name" | "podTemplate">,
  given: (key: string) => boolean,
) => ({
  // The template's own check has refused it then.
  preStop: given("preStopSeconds") || preStopIn(name, part) === undefined ? "preStopSeconds" : null,
  grace:
    !given("terminationGraceSeconds") && graceIn(part) !== undefined
      ? "podTemplate.spec.terminationGracePeriodSeconds"
      : "terminationGraceSeconds",
});

/** What a fragment must not change, and what it says against keys beside it. */
export const fitsTemplate: Rule<Service> = (service, place, given) => {
  const part = service.podTemplate;
  if (part === undefined) return;
  const problems = podTemplateProblems(part, {
    name: service.name,
    ports: service.ports ?? [{ targetPort: service.targetPort }],
    preStopSeconds: given("preStopSeconds") ? service.preStopSeconds : undefined,
    terminationGraceSeconds: given("terminationGraceSeconds") ? service.terminationGraceSeconds : undefined,
    memory: service.memory,
    cpu: service.cpu,
    podSecurity: service.podSecurity,
    serviceAccountName: accountNameOf(service) ?? undefined,
    variables: Object.keys(service.environment),
    loadBalancerType: place.earlier.loadBalancer?.type,
    called: { preStop: "preStopSeconds", grace: "terminationGraceSeconds", variables: "environment" },
  });
  for (const { path, value, rule, remedy } of problems) place.add(`podTemplate.${path}`, value, rule, remedy);
};
