/** What an API request is, in RBAC's words. Pure. */
export interface RequestAttributes {
  readonly verb: string;
  /** `deployments`, `pods/status`; the path of what is no resource. */
  readonly resource: string;
  readonly namespace: string | null;
  readonly name: string | null;
}

const byMethod: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  GET: "get",
  HEAD: "get",
  DELETE: "delete",
};

/** As the API server's own RequestInfo has it. */
export function attributesOf(method: string, url: string): RequestAttributes {
  const [path = "/", query = ""] = url.split("?");
  const segments = path.split("/").filter((one) => one !== "");
  const verb = byMethod[method] ?? method.toLowerCase();
  const rest = segments[0] === "api" ? segments.slice(2) : segments[0] === "apis" ? segments.slice(3) : [];
  if (rest.length === 0) return { verb, resource: path, namespace: null, name: null };
  const scoped = rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize";
  const [resource = "", name, subresource] = scoped ? rest.slice(2) : rest;
  const whole = {
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace: scoped ? (rest[1] ?? null) : null,
    name: name ?? null,
  };
  if (name !== undefined) return { verb, ...whole };
  if (verb === "get") return { verb: /(^|&)watch=(1|true)(&|$)/.test(query) ? "watch" : "list", ...whole };
  return { verb: verb === "delete" ? "deletecollection" : verb, ...whole };
}
