/** Whose a resource is, as far as its URN tells. Pure: the driver asks too. */

const typeOf = (urn: string): string => urn.split("::")[2] ?? "";
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");
const stackOf = (urn: string): string => urn.split(":")[2] ?? "";

/** `dev-blue` may be member `blue` of `dev`, and `dev-eu-blue` member `eu-blue` of `dev` or `blue` of `dev-eu`. */
const mayBeMember = (stack: string, member: string): boolean => stack.endsWith(`-${member}`);

/**
 * An entry that the engine itself keeps, `default` or `default_7_48_0`: it comes and goes with the first and last
 * resource that needs it, and a `pulumi destroy` that stops at a protected binding has taken some away already. Of the
 * world nothing depends on it.
 */
export const isDefaultProvider = (urn: string): boolean =>
  typeOf(urn).startsWith("pulumi:providers:") && /^default(_\d+_\d+_\d+\S*)?$/.test(nameOf(urn));

/**
 * Whether it was made of files of workloads, or reads them. The stack's outputs name these too, but not before the first
 * update that had them has ended.
 */
export const isOfFiles = (urn: string): boolean =>
  typeOf(urn)
    .split("$")
    .some((type) => type === "eks-blue-green:index:WorkloadObjects" || type === "eks-blue-green:index:WorkloadFiles");

/**
 * Whether this package's own programs make it: whatever is below one of its components, and the few things that they
 * make beside these (the provider `blue-aws`, the namespaces `blue-…` of services, groups of a handed-over load
 * balancer). A user's resource that looks like these is told apart by the stack's outputs.
 */
export function isPackages(urn: string): boolean {
  const type = typeOf(urn);
  const name = nameOf(urn);
  const stack = stackOf(urn);
  if (type === "pulumi:pulumi:Stack" || type.startsWith("eks-blue-green:index:")) return true;
  switch (type) {
    case "pulumi:providers:aws":
      return name.endsWith("-aws") && mayBeMember(stack, name.slice(0, -"-aws".length));
    case "kubernetes:core/v1:Namespace":
      return name.split("-").some((_, index, parts) => mayBeMember(stack, parts.slice(0, index).join("-")));
    case "aws:ec2/securityGroup:SecurityGroup":
      return name.startsWith(`${stack}-sg-`);
    default:
      return false;
  }
}
