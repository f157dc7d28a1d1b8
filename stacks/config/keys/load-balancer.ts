/** `loadBalancer`: the load balancer in front of all members. */
import { rulesPerSecurityGroup } from "../../../components/internal/aws-limits";
import { cidr, custom, list, oneOf, text, whole, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { addedLater, derived, leftOut, type ValueOf, withDefault } from "../declare/key";

/** `stack`: Pulumi owns the load balancer · `service`: a Service of the primary does, through its controller. */
export type LoadBalancerOwner = "stack" | "service";

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
/** The shared Network Load Balancer: `loadBalancer` of the config. */
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

export const loadBalancer = group(balancerKeys, [primaryIsMember]);
