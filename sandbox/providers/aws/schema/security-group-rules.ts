/** Inline rules of a security group: EC2 cuts and joins them as it likes. Pure. */
import type { Dynamic, Props } from "../../rpc/values";

/** One line for each protocol, ports, source and description. */
function single(rule: Props): string[] {
  const all = ["-1", "all"].includes(String(rule["protocol"]));
  const head = all ? "-1" : `${String(rule["protocol"]).toLowerCase()} ${rule["fromPort"]}-${rule["toPort"]}`;
  const found = [
    ...(rule["cidrBlocks"] ?? []),
    ...(rule["ipv6CidrBlocks"] ?? []),
    ...(rule["prefixListIds"] ?? []),
    ...(rule["securityGroups"] ?? []),
    ...(rule["self"] === true ? ["self"] : []),
  ] as string[];
  return found.map((source) => `${head} ${source} ${rule["description"] ?? ""}`);
}

const lines = (rules: readonly Props[] | undefined): string[] => [...new Set((rules ?? []).flatMap(single))].sort();

/** The official provider matches its own rules with EC2's in the same sense. */
export const sameRules = (wanted: Dynamic, told: Dynamic): boolean =>
  lines(wanted).join("\n") === lines(told).join("\n");
