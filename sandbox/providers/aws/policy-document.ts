/** `iam.getPolicyDocument`: pure. */
import type { Props } from "../rpc/values";

const one = (list: readonly string[] | undefined): unknown =>
  list === undefined || list.length === 0 ? undefined : list.length === 1 ? list[0] : [...list].sort();

function principals(list: readonly Props[] | undefined): unknown {
  if (list === undefined || list.length === 0) return undefined;
  if (list.length === 1 && list[0]!["type"] === "*") return "*";
  const byType = new Map<string, string[]>();
  for (const principal of list)
    byType.set(principal["type"], [...(byType.get(principal["type"]) ?? []), ...principal["identifiers"]]);
  return Object.fromEntries([...byType].map(([type, identifiers]) => [type, one(identifiers)]));
}

function conditions(list: readonly Props[] | undefined): unknown {
  if (list === undefined || list.length === 0) return undefined;
  const result: Record<string, Record<string, unknown>> = {};
  for (const condition of list) (result[condition["test"]] ??= {})[condition["variable"]] = one(condition["values"]);
  return result;
}

export function policyDocument(args: Props): Props {
  const statements = (args["statements"] ?? []).map((statement: Props) =>
    Object.fromEntries(
      Object.entries({
        Sid: statement["sid"],
        Effect: statement["effect"] ?? "Allow",
        Action: one(statement["actions"]),
        NotAction: one(statement["notActions"]),
        Resource: one(statement["resources"]),
        NotResource: one(statement["notResources"]),
        Principal: principals(statement["principals"]),
        NotPrincipal: principals(statement["notPrincipals"]),
        Condition: conditions(statement["conditions"]),
      }).filter(([, value]) => value !== undefined),
    ),
  );
  const document = {
    Version: args["version"] ?? "2012-10-17",
    ...(args["policyId"] === undefined ? {} : { Id: args["policyId"] }),
    Statement: statements,
  };
  const json = JSON.stringify(document, null, 2);
  return { ...args, id: String(json.length), json, minifiedJson: JSON.stringify(document) };
}
