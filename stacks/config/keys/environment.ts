/** The top of an environment's config: the keys under `eks-blue-green:`. */
import { list, text } from "../declare/form";
import { addedLater, filled, leftOut, required, type ValueOf } from "../declare/key";
import { cluster } from "./cluster";
import { controller } from "./controller";
import { hooks } from "./hooks";
import { loadBalancer } from "./load-balancer";
import { memberClusters } from "./member-clusters";
import { nameText } from "./names";
import { network } from "./network";
import { rollout } from "./rollout";
import { services } from "./services";
import { traffic } from "./traffic";

/** In the order in which they are read: rules and defaults may depend on what stands above. */
export const ownKeys = {
  kubernetesVersion: required(
    text({
      pattern: /^1\.\d{2,}$/,
      rule: 'must be a Kubernetes minor version in quotes, like "1.35"',
      remedy: "Set it: pulumi config set eks-blue-green:kubernetesVersion 1.35",
      range: 'Kubernetes minor version in quotes, like `"1.35"`',
    }),
    {
      doc: "Wanted Kubernetes minor version of all members.",
      readBy: ["driver"],
      change: { kind: "rollout", note: "with strategy `cycle` not down" },
      example: "1.35",
    },
  ),
  members: required(
    list(nameText("Choose a name like blue"), { fewest: 2, remedy: "Name at least two members, like [blue, green]" }),
    {
      doc: "Names of the members: clusters that take traffic, or can. Their stacks are `<environment>-<member>`.",
      readBy: ["environment", "driver"],
      change: { kind: "partly", note: "may be added; a member goes only when its role is absent" },
      example: ["blue", "green"],
    },
  ),
  traffic,
  network: filled(network, {
    doc: "The VPC and its subnets.",
    readBy: ["environment"],
    change: { kind: "up" },
  }),
  cluster: filled(cluster, {
    doc: "What the clusters that this project makes are like.",
    readBy: ["members", "driver"],
    change: { kind: "up" },
  }),
  controller: filled(controller, {
    doc: "The AWS Load Balancer Controller of each member.",
    readBy: ["members"],
    change: { kind: "up" },
  }),
  loadBalancer: addedLater(
    filled(loadBalancer, {
      doc: "The load balancer in front of all members.",
      readBy: ["environment", "primary"],
      change: { kind: "up" },
    }),
  ),
  memberClusters: leftOut(memberClusters, "this project makes all clusters", {
    doc: "Members whose clusters are there already, by member.",
    readBy: ["members", "driver"],
    change: { kind: "partly", note: "of members that are absent" },
  }),
  rollout: filled(rollout, {
    doc: "How traffic is moved.",
    readBy: ["driver"],
    change: { kind: "at once" },
  }),
  hooks: leftOut(hooks, "nothing is run", {
    doc: "Commands of your own that are run around moves, and webhooks that are called.",
    readBy: ["driver"],
    change: { kind: "at once" },
  }),
  services: required(services, {
    doc: "What the members run behind the load balancer. A service that is deployed can't go.",
    readBy: ["members"],
    change: { kind: "up" },
  }),
};

export interface OwnKeys extends ValueOf<typeof ownKeys> {}

const memberName = (what: string, example: string) =>
  required(nameText(`Set it: pulumi config set eks-blue-green:${what} ${example}`), {
    doc: what === "member" ? "Name of the member." : "Name of the environment's stack.",
    readBy: ["members", "driver"],
    change: { kind: "fixed", what: "the stack would be another member's" },
  });

/** The two keys of a member's stack. `eks-blue-green` writes them; everything else comes from the environment's. */
export const memberKeys = {
  environment: memberName("environment", "dev"),
  member: memberName("member", "blue"),
};
