/** `loadBalancer.application` and `services[].http`: what only Application Load Balancers have. */
import { applicationAttributes, applicationGroups } from "../../../components/internal/aws-limits";
import { oneOf, text, whole, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { leftOut, required, type ValueOf } from "../declare/key";

const { source: attributes, idleTimeoutSeconds, clientKeepAliveSeconds } = applicationAttributes;

const logKeys = {
  bucket: required(
    text({
      pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      rule: "must be the name of an S3 bucket",
      remedy: "Write it like my-logs",
    }),
    { doc: "S3 bucket in the same region. Its policy must let Elastic Load Balancing write into it." },
  ),
  prefix: leftOut(text(), "none", { doc: "Beginning of the objects' names." }),
};

const applicationKeys = {
  idleTimeoutSeconds: leftOut(whole({ ...idleTimeoutSeconds, source: attributes }), "`60`", {
    doc:
      "How long, in seconds, a connection may be idle. Pods must keep idle connections longer, or requests that come " +
      "just then are answered 502.",
    source: attributes,
  }),
  clientKeepAliveSeconds: leftOut(whole({ ...clientKeepAliveSeconds, source: attributes }), "`3600`", {
    doc: "After how long, in seconds, a client's connection is closed at the latest.",
    source: attributes,
  }),
  dropInvalidHeaders: leftOut(yesOrNo(), "false", {
    doc: "Whether headers with invalid names are taken out of requests.",
  }),
  desyncMode: leftOut(oneOf("monitor", "defensive", "strictest"), "`defensive`", {
    doc: "What becomes of requests that proxies may read in two ways.",
  }),
  accessLogs: leftOut(group(logKeys), "none are kept", {
    doc: "Where AWS writes a line for each request, within minutes.",
  }),
  webAclArn: leftOut(
    text({
      pattern: /^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/\S+$/,
      rule: "must be the ARN of a regional web ACL of WAF",
      remedy: "Write it like arn:aws:wafv2:us-east-1:123456789012:regional/webacl/NAME/ID",
      range: "ARN of a regional web ACL",
    }),
    "none; one that others associate stays",
    { doc: "Web ACL of WAF that all requests go through. While it is exchanged there is none for some seconds." },
  ),
};

export const applicationBalancer = group(applicationKeys);

const httpKeys = {
  algorithm: leftOut(oneOf("round_robin", "least_outstanding_requests", "weighted_random"), "`round_robin`", {
    doc: "Which of a group's targets gets a request.",
  }),
  slowStartSeconds: leftOut(
    whole({ ...applicationGroups.slowStartSeconds, source: applicationGroups.source }),
    "a target gets its whole part at once",
    {
      doc:
        "How long, in seconds, a new target's part of the requests grows. Only with `traffic: shared` and algorithm " +
        "`round_robin`: AWS does so only for targets that come to others in their group.",
      source: applicationGroups.source,
    },
  ),
  stickinessSeconds: leftOut(
    whole({ ...applicationGroups.stickinessSeconds, source: applicationGroups.source }),
    "clients don't stay",
    {
      doc:
        "How long, in seconds, a client stays with a target, by a cookie. Only with `traffic: shared`: whether a cookie " +
        "still leads to a member whose weight is 0 is documented nowhere.",
      source: applicationGroups.source,
    },
  ),
};

/** How requests are divided inside of a service's target group. */
export interface HttpConfig extends ValueOf<typeof httpKeys> {}

const slowStartAlone: Rule<HttpConfig> = ({ algorithm, slowStartSeconds }, place) => {
  if (slowStartSeconds !== undefined && algorithm !== undefined && algorithm !== "round_robin")
    place.add(
      "slowStartSeconds",
      slowStartSeconds,
      `needs algorithm round_robin (${applicationGroups.source})`,
      "Remove one of the two",
    );
};

/** Both would say what they don't do where each member has groups of its own. */
const sharedOnly: Rule<HttpConfig> = (http, place) => {
  if (place.earlier.traffic !== "weighted") return;
  const why = {
    slowStartSeconds: "the first targets of a group get their whole part at once",
    stickinessSeconds: "a cookie may lead to a member whose weight is 0",
  };
  for (const key of ["slowStartSeconds", "stickinessSeconds"] as const)
    if (http[key] !== undefined)
      place.add(key, http[key], `needs traffic: shared; with weights ${why[key]}`, "Remove it");
};

const needsApplication: Rule<HttpConfig> = (http, place) => {
  if (place.earlier.loadBalancer?.type !== "application")
    place.add(
      "",
      Object.keys(http),
      "needs loadBalancer.type application: a Network Load Balancer hands on connections",
      "Remove it",
    );
};

export const http = group(httpKeys, [needsApplication, slowStartAlone, sharedOnly]);
