/** `loadBalancer`: the load balancer in front of all members. */
import { applicationQuotas, ports, rulesPerSecurityGroup } from "../../../components/internal/aws-limits";
import { cidr, custom, list, oneOf, text, whole, wholes, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { addedLater, derived, leftOut, required, type ValueOf, withDefault } from "../declare/key";
import { applicationBalancer } from "./application";

/** `stack`: Pulumi owns the load balancer · `service`: a Service of the primary does, through its controller. */
export type LoadBalancerOwner = "stack" | "service";

/** `network`: TCP, a share is of new connections · `application`: HTTP, a share is of requests. */
export type LoadBalancerType = "network" | "application";

const httpsKeys = {
  ports: withDefault(
    wholes(whole(ports), { fewest: 1, remedy: "Write it like [443]", range: "listener ports of services" }),
    [443],
    { doc: "Those of the services' listener ports that speak HTTPS; the others speak HTTP." },
  ),
  certificateArns: required(
    list(
      text({
        pattern: /^arn:aws[a-z-]*:(acm|iam):[a-z0-9-]*:\d{12}:(certificate|server-certificate)\/\S+$/,
        rule: "must be the ARN of a certificate of ACM or IAM",
        remedy: "Write it like arn:aws:acm:us-east-1:123456789012:certificate/…",
        range: "ARN of a certificate of ACM or IAM",
      }),
      { fewest: 1, remedy: "Write it like arn:aws:acm:us-east-1:123456789012:certificate/…" },
    ),
    {
      doc:
        "Certificates of the HTTPS listeners. The first is for clients that name no host; the others are chosen by the " +
        "host that a client names.",
    },
  ),
  policy: withDefault(
    text({
      pattern: /^ELBSecurityPolicy-[A-Za-z0-9-]+$/,
      rule: "must be the name of a security policy of Elastic Load Balancing",
      remedy: "Write it like ELBSecurityPolicy-TLS13-1-2-2021-06 (aws elbv2 describe-ssl-policies)",
      range: "name of a security policy",
    }),
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    { doc: "Which TLS versions and ciphers clients may use." },
  ),
  redirectFrom: leftOut(whole(ports), "nobody listens there", {
    doc: "Port, like 80, that answers every HTTP request with a redirect (301) to the first of `ports`.",
  }),
};

/** HTTPS of an Application Load Balancer. */
export interface HttpsConfig extends ValueOf<typeof httpsKeys> {}

const fewCertificates: Rule<HttpsConfig> = ({ certificateArns }, place) => {
  // The default certificate does not count.
  const most = applicationQuotas.certificates + 1;
  if (certificateArns.length > most)
    place.add(
      "certificateArns",
      certificateArns.length,
      `must be at most ${most} (${applicationQuotas.source})`,
      "Use certificates with several hosts or a wildcard",
    );
};

const redirectIsApart: Rule<HttpsConfig> = ({ ports: own, redirectFrom }, place) => {
  if (redirectFrom !== undefined && own.includes(redirectFrom))
    place.add("redirectFrom", redirectFrom, "can't be one of ports: it would redirect to itself", "Write 80");
};

const balancerKeys = {
  owner: addedLater(
    withDefault(oneOf<LoadBalancerOwner>("stack", "service"), "stack", {
      doc:
        "Who owns the load balancer: `stack` (Pulumi), or `service`: a Service of type LoadBalancer on the primary, " +
        "through its controller.",
      readBy: ["environment", "driver"],
      change: { kind: "partly", note: "no; `eks-blue-green adopt` hands a Service's load balancers over to the stack" },
    }),
  ),
  type: leftOut(oneOf<LoadBalancerType>("network", "application"), "`network`", {
    doc:
      "`network`: a Network Load Balancer, which hands on TCP connections. `application`: an Application Load Balancer, " +
      "which hands on HTTP requests, ends TLS, and lets services share a port. Only with owner `stack`.",
    readBy: ["environment", "members", "driver"],
    change: { kind: "partly", note: "no: the load balancer would be replaced" },
  }),
  https: leftOut(group(httpsKeys, [fewCertificates, redirectIsApart]), "all listeners speak HTTP", {
    doc: "Only with type `application`: listeners that speak HTTPS.",
    readBy: ["environment", "driver"],
    change: { kind: "up" },
  }),
  application: leftOut(applicationBalancer, "as its keys say", {
    doc: "Only with type `application`: further settings of the load balancer.",
    readBy: ["environment"],
    change: { kind: "up" },
  }),
  primary: addedLater(
    withDefault(
      custom<string | null>({ ...text({ range: "name of a member" }), empty: null, structured: false }),
      derived(
        ({ owner }: { owner?: LoadBalancerOwner }, { members }) =>
          owner === "service" ? (members?.[0] ?? null) : null,
        "the first member with owner `service`, else none",
      ),
      {
        doc: "With owner `service`: the member whose Services own the load balancers.",
        readBy: ["environment", "driver"],
        change: { kind: "partly", note: "no" },
      },
    ),
  ),
  scheme: withDefault(oneOf("internet-facing", "internal"), "internet-facing", {
    doc: "Whether the load balancer has public addresses.",
    change: { kind: "fixed", what: "the load balancer would be replaced" },
  }),
  crossZone: withDefault(yesOrNo(), true, {
    doc:
      "Whether each zone's address serves from the targets of all zones. Off, a zone serves only from its own targets, " +
      "and clients that still hold the address of a zone whose last target has just left get refused. On, 500 targets " +
      "is the most for the whole load balancer, and traffic between zones is charged.",
  }),
  clientCidrBlocks: withDefault(
    list(cidr("10.0.0.0/8"), { fewest: 1, remedy: "Write it like 0.0.0.0/0 or 10.0.0.0/8" }),
    derived(
      ({ scheme }: { scheme: string }, { network }) =>
        scheme === "internal" && network?.cidrBlock != null ? [network.cidrBlock] : ["0.0.0.0/0"],
      "`0.0.0.0/0`; the VPC's block for `internal` in a VPC that this project makes",
    ),
    { doc: "Who may connect." },
  ),
  rulesPerSecurityGroup: leftOut(whole({ least: 1, most: 1000, source: rulesPerSecurityGroup.source }), "`60`", {
    doc: "The account's quota of rules of a security group, where AWS has raised it.",
    source: rulesPerSecurityGroup.source,
  }),
};

interface Balancer extends ValueOf<typeof balancerKeys> {}
/** The load balancer in front of all members: `loadBalancer` of the config. */
export interface LoadBalancerConfig extends Balancer {}

const primaryIsMember: Rule<Balancer> = ({ owner, primary }, place, given) => {
  if (!given("primary") || primary == null) return;
  const members = place.earlier.members ?? [];
  if (owner === "stack")
    place.add(
      "primary",
      primary,
      "needs owner service: with owner stack no member owns the load balancer",
      "Remove it, or set loadBalancer.owner to service",
    );
  else if (!members.includes(primary))
    place.add(
      "primary",
      primary,
      `must be a member (${members.join(", ")})`,
      "Name a member, or leave it out for the first",
    );
};

const applicationIsOurs: Rule<Balancer> = ({ owner, type, https, application, crossZone }, place) => {
  if (type !== "application") {
    if (https !== undefined)
      place.add(
        "https",
        https.ports,
        "needs type application: a Network Load Balancer of this package hands on TCP, and pods end TLS",
        "Remove it, or set loadBalancer.type to application in a new environment",
      );
    if (application !== undefined)
      place.add(
        "application",
        Object.keys(application),
        "needs type application",
        "Remove it, or set loadBalancer.type to application in a new environment",
      );
    return;
  }
  if (owner === "service")
    place.add(
      "type",
      type,
      "needs owner stack: a Service of type LoadBalancer has a Network Load Balancer",
      "Set loadBalancer.owner to stack, or loadBalancer.type to network",
    );
  if (!crossZone)
    place.add(
      "crossZone",
      crossZone,
      "can't be off with type application: a zone whose member has no targets would answer 503",
      "Remove it",
    );
};

export const loadBalancer = group(balancerKeys, [primaryIsMember, applicationIsOurs]);
