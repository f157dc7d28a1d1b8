/** `services[].existing`: a workload of the primary that somebody else made, with owner `service`. */
import { text } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { required, type ValueOf } from "../declare/key";
import { labelPattern } from "./names";

const nameOf = (what: string) =>
  text({
    pattern: labelPattern,
    rule: `must be the name of the ${what} on the primary`,
    remedy: "Write its name; the namespace is the service's own",
    range: "name of a Kubernetes object",
  });

const existingKeys = {
  service: required(nameOf("Service of type LoadBalancer"), {
    doc: "The Service of type LoadBalancer, in the service's namespace.",
  }),
  deployment: required(nameOf("Deployment"), { doc: "The Deployment behind it, in the service's namespace." }),
};

/** A workload of the primary, and the Service in front of it, that somebody else made and keeps. */
export interface ExistingServiceConfig extends ValueOf<typeof existingKeys> {}

const needsOwnerService: Rule<ExistingServiceConfig> = (existing, place) => {
  if (place.earlier.loadBalancer?.owner === "stack")
    place.add(
      "",
      existing,
      "needs loadBalancer.owner service: with owner stack no Service owns a load balancer",
      "Set loadBalancer.owner to service (after `adopt` it stays so: the record says that the stack owns them), or " +
        "before the first deployment remove it",
    );
};

export const existing = group(existingKeys, [needsOwnerService]);
