/** What AWS asks of a rule's conditions (API reference RuleCondition, and the quotas of 2026-11-30). */
import { AwsError, validationError } from "../aws-error";
import { object, objects, type QueryObject, strings, text } from "../query";
import { oneOf, required } from "./validation";

const fields = ["http-header", "http-request-method", "host-header", "path-pattern", "source-ip", "query-string"];
/** At most one of each in a rule. */
const single = ["http-request-method", "host-header", "path-pattern", "source-ip"];
const configOf: Readonly<Record<string, string>> = {
  "http-header": "HttpHeaderConfig",
  "http-request-method": "HttpRequestMethodConfig",
  "host-header": "HostHeaderConfig",
  "path-pattern": "PathPatternConfig",
  "source-ip": "SourceIpConfig",
  "query-string": "QueryStringConfig",
};
/** These two may be given in an older spelling. */
const withValues = ["host-header", "path-pattern"];
const most = { valuesPerCondition: 3, valuesPerRule: 5, wildcardsPerRule: 5, characters: 128, headerName: 40 };

function valuesOf(condition: QueryObject, field: string): string[] {
  const config = object(condition, configOf[field] ?? "") ?? {};
  if (field === "query-string") return objects(config, "Values").map((pair) => text(pair, "Value") ?? "");
  const own = [...strings(config, "Values"), ...strings(config, "RegexValues")];
  return own.length > 0 || !withValues.includes(field) ? own : strings(condition, "Values");
}

const invalid = (field: string, value: string, why: string): AwsError =>
  validationError(`The value '${value}' of the condition '${field}' ${why}`);

function checkValue(field: string, value: string): void {
  if (value === "") throw invalid(field, value, "cannot be empty");
  if (value.length > most.characters)
    throw invalid(field, value, `cannot be longer than '${most.characters}' characters`);
  if (field === "host-header" && !/^[A-Za-z0-9_.*?-]*\.[A-Za-z0-9]+$/.test(value))
    throw invalid(field, value, "contains invalid characters");
  if (field === "path-pattern" && !/^[A-Za-z0-9_.$/~"'@:+&*?-]+$/.test(value))
    throw invalid(field, value, "contains invalid characters");
  if (field === "http-request-method" && !/^[A-Z_-]{1,40}$/.test(value))
    throw invalid(field, value, "is not a valid HTTP request method");
  if (field === "source-ip" && !/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$|:/.test(value))
    throw invalid(field, value, "is not a CIDR block");
}

function checkHeaderName(condition: QueryObject): void {
  const name = required(object(condition, "HttpHeaderConfig") ?? {}, "HttpHeaderName");
  if (name.length > most.headerName || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
    throw invalid("http-header", name, "is not a valid header name");
  if (name.toLowerCase() === "host")
    throw validationError("A http-header condition cannot be used for the host header: use host-header");
}

/** As AWS shows them: host and path in both spellings, whichever was given. */
function shown(condition: QueryObject, field: string): QueryObject {
  const config = configOf[field] ?? "";
  if (!withValues.includes(field)) return condition;
  const plain = strings(condition, "Values");
  if (plain.length > 0 && condition[config] === undefined) return { ...condition, [config]: { Values: plain } };
  const configured = strings(object(condition, config) ?? {}, "Values");
  return configured.length > 0 ? { ...condition, Values: configured } : condition;
}

/** Conditions of CreateRule and ModifyRule. */
export function conditionsOf(params: QueryObject): QueryObject[] {
  const given = objects(params, "Conditions");
  if (given.length === 0) throw validationError("A condition must be specified");
  const all: { readonly field: string; readonly values: readonly string[] }[] = given.map((condition) => {
    const field = oneOf(required(condition, "Field"), fields, "field");
    const values = valuesOf(condition, field);
    if (values.length === 0) throw validationError(`A condition value must be specified for '${field}'`);
    if (field === "http-header") checkHeaderName(condition);
    const regex = strings(object(condition, configOf[field] ?? "") ?? {}, "RegexValues").length > 0;
    if (!regex) for (const value of values) checkValue(field, value);
    return { field, values };
  });
  for (const field of single)
    if (all.filter((one) => one.field === field).length > 1)
      throw new AwsError("InvalidConfigurationRequest", `A rule can only have one '${field}' condition`);
  checkNumbers(all.map(({ values }) => values));
  return given.map((condition, index) => shown(condition, all[index]?.field ?? ""));
}

function checkNumbers(conditions: readonly (readonly string[])[]): void {
  const { valuesPerCondition, valuesPerRule, wildcardsPerRule } = most;
  if (conditions.some((values) => values.length > valuesPerCondition))
    throw validationError(`A condition can only have '${valuesPerCondition}' values`);
  const values = conditions.flat();
  if (values.length > valuesPerRule) throw validationError(`A rule can only have '${valuesPerRule}' condition values`);
  if (values.join("").replace(/[^*?]/g, "").length > wildcardsPerRule)
    throw validationError(`A rule can only have '${wildcardsPerRule}' condition wildcards`);
}
