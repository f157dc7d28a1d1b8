/** `services[].match`: which requests of a shared listener are the service's, on an Application Load Balancer. */
import { matchRules } from "../../../components/internal/aws-limits";
import { list, text, whole } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { leftOut, required, type ValueOf } from "../declare/key";

const wildcards = "`*` stands for any characters, `?` for one";
const { source } = matchRules;

const headerKeys = {
  name: required(
    text({
      pattern: /^(?![Hh][Oo][Ss][Tt]$)[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}$/,
      rule: `must be the name of an HTTP header with at most 40 characters, but not of \`host\`, for which hosts is (${source})`,
      remedy: "Write it like X-Tenant",
      range: "name of a header, at most 40 characters",
    }),
    { doc: "Name of the header; upper and lower case are the same." },
  ),
  values: required(
    list(
      text({
        pattern: /^[\x20-\x7e]{1,128}$/,
        rule: `must have 1 to 128 printable characters (${source})`,
        remedy: "Write what the header holds",
      }),
      { fewest: 1, remedy: "Write what the header may hold" },
    ),
    { doc: `What the header may hold; ${wildcards}.` },
  ),
};

const matchKeys = {
  priority: required(whole({ ...matchRules.priority, source }), {
    doc:
      "Place of the rule on its listener: the lowest number that fits a request wins. Unique on a port; leave room " +
      "between numbers.",
    change: { kind: "partly", note: "yes, by `up`; two services can't swap theirs in one change" },
  }),
  hosts: leftOut(
    list(
      text({
        pattern: /^(?=.{1,128}$)[A-Za-z0-9_*?.-]*\.[A-Za-z0-9]+$/,
        rule:
          "must be a host of letters, digits, - _ . * and ?, with letters and digits alone behind its last dot, at most " +
          `128 characters (${source})`,
        remedy: "Write it like shop.example.com or *.example.com",
        range: "host, at most 128 characters",
      }),
      { fewest: 1, remedy: "Write it like shop.example.com" },
    ),
    "any",
    { doc: `Hosts that clients ask for; ${wildcards}.`, example: ["shop.example.com"] },
  ),
  paths: leftOut(
    list(
      text({
        pattern: /^[/*][A-Za-z0-9_.$/~"'@:+&*?-]{0,127}$/,
        rule:
          "must begin with / or *, and have letters, digits and _ - . $ / ~ \" ' @ : + & * ?, at most 128 characters " +
          `(${source})`,
        remedy: "Write it like /api/*",
        range: "begins with / or *, at most 128 characters",
      }),
      { fewest: 1, remedy: "Write it like /api/*" },
    ),
    "any",
    { doc: `Paths, without the query and with upper and lower case apart; ${wildcards}.`, example: ["/api/*"] },
  ),
  methods: leftOut(
    list(
      text({
        pattern: /^[A-Z_-]{1,40}$/,
        rule: `must be an HTTP method in capitals, at most 40 characters (${source})`,
        remedy: "Write it like GET",
        range: "HTTP method in capitals",
      }),
      { fewest: 1, remedy: "Write it like GET" },
    ),
    "any",
    { doc: "HTTP methods." },
  ),
  headers: leftOut(groupList(group(headerKeys), { what: "header", remedy: "Write name and values of each" }), "any", {
    doc: "HTTP headers that a request must have, all of them.",
  }),
};

/** The requests that are the service's: those that fit all that is given. */
export interface MatchConfig extends ValueOf<typeof matchKeys> {}

const ofSomething: Rule<MatchConfig> = ({ hosts, paths, methods, headers }, place) => {
  if (hosts === undefined && paths === undefined && methods === undefined && headers === undefined)
    place.add(
      "",
      null,
      "must say something of hosts, paths, methods or headers: a rule has at least one condition",
      "Write one of them; or remove match from the one service of the port that gets all other requests",
    );
};

/** AWS counts what it has to compare. */
const fewValues: Rule<MatchConfig> = ({ hosts, paths, methods, headers }, place) => {
  const conditions = [
    { key: "hosts", values: hosts ?? [] },
    { key: "paths", values: paths ?? [] },
    { key: "methods", values: methods ?? [] },
    ...(headers ?? []).map(({ values }, index) => ({ key: `headers[${index}].values`, values })),
  ];
  const { valuesPerCondition, valuesPerRule, wildcardsPerRule } = matchRules;
  for (const { key, values } of conditions)
    if (values.length > valuesPerCondition)
      place.add(
        key,
        values.length,
        `must have at most ${valuesPerCondition} values (${source})`,
        "Use wildcards, or a service of its own for the rest",
      );
  const all = conditions.flatMap(({ values }) => values);
  if (all.length > valuesPerRule)
    place.add(
      "",
      all.length,
      `must have at most ${valuesPerRule} values in all (${source})`,
      "Use wildcards, or a service of its own for the rest",
    );
  const wild = all.join("").replace(/[^*?]/g, "").length;
  if (wild > wildcardsPerRule)
    place.add("", wild, `must have at most ${wildcardsPerRule} wildcards in all (${source})`, "Use fewer of * and ?");
};

export const match = group(matchKeys, [ofSomething, fewValues]);
