/** `services[].serviceAccount`: who a service's pods are, in the cluster and in AWS. */
import type { PodTemplatePart } from "../../../components/internal/pod-template";
import { custom, list, text } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { leftOut, type ValueOf } from "../declare/key";
import { objectNamePattern } from "./names";

const annotations = custom<Readonly<Record<string, string>>>({
  read: (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return place.refuse(value, "must be an object of texts", "Write `NAME: value` pairs");
    for (const [name, one] of Object.entries(value)) {
      if (typeof one !== "string") place.add(name, one, "must be a text", "Put it in quotes");
      else if (name === "eks.amazonaws.com/role-arn")
        place.add(
          name,
          one,
          "is how a role is given by an OpenID Connect provider of the cluster (IRSA), which a new member has not",
          "Write it as roleArn: members give it by EKS Pod Identity",
        );
    }
    return value as Readonly<Record<string, string>>;
  },
  empty: {},
  type: "texts by name",
  range: "not `eks.amazonaws.com/role-arn`",
  schema: { type: "object", additionalProperties: { type: "string" } },
});

const serviceAccountKeys = {
  name: leftOut(
    text({
      pattern: objectNamePattern,
      rule: "must be the name of a Kubernetes ServiceAccount",
      remedy: "Write lower-case letters, digits and dashes",
      check: (value) =>
        value === "default"
          ? { rule: "can't be default: Kubernetes makes that account itself", remedy: "Choose a name like web" }
          : null,
    }),
    "the service's name",
    {
      doc:
        "Name of the ServiceAccount, in the service's namespace on every member. Of a workload that is not `managed`: the " +
        "one that its files, its chart or its owner declare, and that its pods run as.",
    },
  ),
  annotations: leftOut(annotations, "none", { doc: "Annotations of the ServiceAccount." }),
  roleArn: leftOut(
    text({
      pattern: /^arn:[\w-]+:iam::\d{12}:role\/\S+$/,
      rule: "must be the ARN of an IAM role",
      remedy: "Write it like arn:aws:iam::111122223333:role/web, as `aws iam get-role` shows it",
    }),
    "none of AWS, unless `policyArns` is given",
    {
      doc:
        "A role that is there, in the members' account, for the pods: each member gets an EKS Pod Identity association. It " +
        "must trust `pods.eks.amazonaws.com` (`sts:AssumeRole`, `sts:TagSession`).",
      example: "arn:aws:iam::111122223333:role/web",
    },
  ),
  policyArns: leftOut(
    list(
      text({
        pattern: /^arn:[\w-]+:iam::(\d{12}|aws):policy\/\S+$/,
        rule: "must be the ARN of an IAM policy",
        remedy: "Write it like arn:aws:iam::111122223333:policy/web, as `aws iam list-policies` shows it",
      }),
      { fewest: 1, remedy: "Write the ARN of a policy" },
    ),
    "no role is made",
    {
      doc:
        "Each member makes a role of its own with these policies, which trusts its pods of this account alone, within " +
        "`cluster.permissionsBoundaryArn` where that is given.",
      example: ["arn:aws:iam::111122223333:policy/web"],
    },
  ),
};

/** Who a service's pods are. */
export interface ServiceAccountConfig extends ValueOf<typeof serviceAccountKeys> {}

const oneRole: Rule<ServiceAccountConfig> = ({ policyArns }, place, given) => {
  if (given("roleArn") && given("policyArns"))
    place.add(
      "policyArns",
      policyArns,
      "can't be combined with roleArn: it says the policies of a role that members make",
      "Keep one of the two",
    );
};

export const serviceAccount = leftOut(
  group(serviceAccountKeys, [oneRole]),
  "the namespace's `default`, without a role in AWS",
  {
    doc:
      "Who the pods are: a ServiceAccount of their own, and a role in AWS. `{}` is an account alone. Of a workload that is " +
      "not `managed` only the role is made: a new cluster gives no pod credentials unless it is told to. " +
      "See [shape the pods of a service](../how-to/pod-template.md).",
    example: { roleArn: "arn:aws:iam::111122223333:role/web" },
  },
);

interface WithAccount {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount?: ServiceAccountConfig;
  readonly podTemplate?: PodTemplatePart;
}

/** As its chart names it, in kube-system. */
const controllerAccount = "aws-load-balancer-controller";

/** Name of the account that is made for a service; null: none is. */
export const accountNameOf = ({ name, serviceAccount: account }: WithAccount): string | null =>
  account === undefined ? null : (account.name ?? name);

/** Whether EKS gives the service's pods credentials. */
export const hasRole = ({ serviceAccount: account }: Pick<WithAccount, "serviceAccount">): boolean =>
  account?.roleArn !== undefined || account?.policyArns !== undefined;

/** IAM, CreateRole: 64, of which Pulumi's random end takes 8. */
const longestRoleName = 56;

export const accountsDiffer: Rule<readonly WithAccount[]> = (services, place) =>
  services.forEach((service, index) => {
    const name = accountNameOf(service);
    const runsAs = name ?? service.podTemplate?.spec?.["serviceAccountName"];
    if (service.namespace === "kube-system" && runsAs === controllerAccount)
      place.add(
        `[${index}].${name === null ? "podTemplate.spec.serviceAccountName" : "serviceAccount.name"}`,
        runsAs,
        "is the load balancer controller's account, and with it its role",
        "Choose another name, or another namespace",
      );
    if (name === null) return;
    const same = (other: WithAccount): boolean =>
      accountNameOf(other) === name && other.namespace === service.namespace;
    const first = services.findIndex(same);
    if (first < index)
      place.add(
        `[${index}].serviceAccount.name`,
        name,
        `is the account of services[${first}] in the same namespace`,
        "Give every service an account of its own",
      );
    const longest = Math.max(0, ...(place.earlier.members ?? []).map((member) => `${member}-${service.name}`.length));
    if (service.serviceAccount?.policyArns !== undefined && longest > longestRoleName)
      place.add(
        `[${index}].serviceAccount.policyArns`,
        service.name,
        `makes a role that is named after member and service: ${longest} characters, of at most ${longestRoleName}`,
        "Make the role yourself and write roleArn",
      );
  });
