/** Pods whose service account has a role in AWS have its credentials. */
import { isServing } from "../../../stacks/record";
import { clusterNameOf } from "../../../stacks/config/target-groups";
import { listing } from "../../gates/gate-result";
import { counted } from "../../text/sentences";
import { kubectl, shellQuote } from "../../text/kubectl";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import type { IdentityReading, Inspection } from "../inspection";

const code = "EBG-V-CREDENTIALS";

function check(inspection: Inspection, member: string, reading: IdentityReading): Check {
  const { namespace, deployment, account, pods } = reading;
  const subject = `${member}/${deployment ?? `${namespace}/${account}`}`;
  const cluster = clusterNameOf(inspection.environment, member);
  if (pods.kind === "unknown")
    return unknown(code, subject, pods.why, `${kubectl(cluster, namespace)} get pods -o wide`);
  const { given, lacking } = pods.value;
  if (lacking.length > 0)
    return bad(
      code,
      subject,
      `${listing(lacking)} got no credentials for ServiceAccount ${account}`,
      `see that EKS knows the association (aws eks list-pod-identity-associations --cluster-name ${shellQuote(cluster)} ` +
        `--namespace ${namespace} --service-account ${account}), then ` +
        (deployment === null
          ? `have the pods made anew: ${kubectl(cluster, namespace)} rollout restart deployment/NAME (whatever makes them)`
          : `eks-blue-green up --stack ${inspection.environment.environment}, which makes the pods anew`),
      isServing(inspection.placement[member]) ? {} : { severity: "recommended" },
    );
  return given.length === 0 ? skipped(code, subject, "no pod runs") : ok(code, subject, counted(given.length, "pod"));
}

export const credentialChecks = (inspection: Inspection): Check[] =>
  Object.values(inspection.observation.members)
    .filter((member) => member.reachable)
    .flatMap(({ name }) =>
      (inspection.members[name]?.identities ?? []).map((reading) => check(inspection, name, reading)),
    );
