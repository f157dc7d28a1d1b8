/**
 * The two updates by which the stacks take a load balancer over: imports, reads, and on the primary the Service's own
 * fields. Pure.
 */
import { DriverError } from "../errors";
import { describeOperation, isBinding } from "./move-policy";
import type { PlannedOperation } from "../ports";

export type AdoptUpdate = "environment" | "primary" | "annotations";

const quiet = new Set(["same", "read", "refresh", "discard", "read-replacement", "discard-replaced"]);
const adoptable =
  /^aws:(lb\/loadBalancer:LoadBalancer|lb\/targetGroup:TargetGroup|lb\/listener:Listener|ec2\/securityGroup:SecurityGroup)$/;
const isService = (type: string): boolean => type === "kubernetes:core/v1:Service";
const isServicePatch = (type: string): boolean => type === "kubernetes:core/v1:ServicePatch";
/** Whole, when the provider tells no more; of the parts those alone that a hand-over takes off, or gives back. */
const serviceFields =
  /^(spec|metadata|(spec\.(type|loadBalancerClass|selector|loadBalancerSourceRanges|allocateLoadBalancerNodePorts)|metadata\.annotations)(\..*)?)$/;
const plain = (path: string): string => path.replace(/\["?([^"\]]+)"?\]/g, ".$1").replace(/^\./, "");

/**
 * What is imported is updated in the same run, because Pulumi's kubernetes provider reads no `spec` into the inputs of
 * what it imports (seen with v4.34.2 on 2026-12-01: `import`, then `update` of `spec`). The program says what the
 * binding has, which was looked at before; the update applies the same values, as one more field manager.
 */
const followsImport = (binding: PlannedOperation, imported: ReadonlySet<string>): boolean =>
  binding.operation === "update" &&
  imported.has(binding.urn) &&
  binding.paths.length > 0 &&
  binding.paths.every((path) => plain(path) === "spec" || plain(path).startsWith("spec."));

function objection(update: AdoptUpdate, planned: PlannedOperation, imported: ReadonlySet<string>): string | null {
  const { operation, type, custom, paths } = planned;
  if (quiet.has(operation) || type === "pulumi:pulumi:StackReference") return null;
  if (type === "pulumi:pulumi:Stack")
    return operation === "update" || operation === "create" ? null : "the stack itself stays";
  if (!custom && (operation === "create" || operation === "update")) return null;
  if (!custom && operation === "delete") return null;
  if (type.startsWith("pulumi:providers:"))
    return operation === "create" && type === "pulumi:providers:aws"
      ? null
      : "a provider's change reaches every resource that it manages";
  if (/replace/.test(operation)) return "nothing is replaced while a load balancer changes hands";
  if (update === "environment")
    return operation === "import" && adoptable.test(type) ? null : "the environment's stack only imports";
  if (isBinding(type) && (operation === "import" || followsImport(planned, imported))) return null;
  // The former primary's own rules: its controller's go with its bindings.
  if (update === "primary" && type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    return operation === "create" ? null : "of the rules some are added, none is changed";
  // The former primary's controller is cut to what bindings need once nothing leads back.
  if (update === "annotations" && type === "aws:iam/rolePolicy:RolePolicy" && operation === "update")
    return paths.every((path) => plain(path) === "policy") ? null : "of the controller's role only its policy changes";
  if (isServicePatch(type))
    return update === "annotations" || operation !== "delete" ? null : "the annotations go last";
  if (isService(type) && operation === "update")
    return paths.every((path) => serviceFields.test(plain(path)))
      ? null
      : `of the Service only type, class, selector and annotations change, not ${paths.join(", ")}`;
  return "the primary's stack only takes over its bindings and follows its Service";
}

/** @throws EBG-PLAN-REFUSED */
export function assertAdoptOnly(update: AdoptUpdate, stack: string, operations: readonly PlannedOperation[]): void {
  const imported = new Set(operations.filter(({ operation }) => operation === "import").map(({ urn }) => urn));
  const refused = operations.flatMap((operation) => {
    const why = objection(update, operation, imported);
    return why === null ? [] : [`  ${describeOperation(operation)}: ${why}`];
  });
  if (refused.length === 0) return;
  throw new DriverError(
    "EBG-PLAN-REFUSED",
    `adopting would do more to stack ${stack} than take over, so it was not done:\n${refused.join("\n")}`,
    `deploy the other changes first (pulumi preview -s ${stack}), then run the same command again`,
  );
}

/** Whether an update writes Services' own fields and nothing else. False: also where it writes nothing. */
export function onlyServices(operations: readonly PlannedOperation[]): boolean {
  const real = operations.filter(({ operation, custom }) => custom && !quiet.has(operation));
  return (
    real.length > 0 &&
    real.every(
      ({ operation, type, paths }) =>
        operation === "update" &&
        isService(type) &&
        paths.length > 0 &&
        paths.every((path) => serviceFields.test(plain(path))),
    )
  );
}
