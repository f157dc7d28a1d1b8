/** Actions and rules as the data plane takes them. */
import type { DataPlaneAction, DataPlaneCondition, DataPlaneRouting } from "../../contract";
import { object, objects, type QueryObject, strings, text } from "../query";
import type { Action, Listener, Store } from "./store";

/** An authentication comes before the action that answers; this sandbox can't do any. */
const notHere = (type: string): DataPlaneAction => ({
  type: "fixed-response",
  status: 501,
  contentType: "text/plain",
  body: `the sandbox has no ${type}`,
});

export function actionState(actions: readonly Action[]): DataPlaneAction {
  const ordered = [...actions].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  const foreign = ordered.find(({ type }) => !["forward", "redirect", "fixed-response"].includes(type));
  if (foreign) return notHere(foreign.type);
  const last = ordered.at(-1);
  if (!last) return notHere("listener without an action");
  const raw = last.raw as QueryObject;
  if (last.type === "redirect") return redirectState(object(raw, "RedirectConfig") ?? {});
  if (last.type === "fixed-response") {
    const config = object(raw, "FixedResponseConfig") ?? {};
    return {
      type: "fixed-response",
      status: Number(text(config, "StatusCode") ?? 200),
      contentType: text(config, "ContentType") ?? "text/plain",
      body: text(config, "MessageBody") ?? "",
    };
  }
  return {
    type: "forward",
    targetGroups: last.forward,
    sticky: last.stickiness?.enabled === true ? { seconds: last.stickiness.seconds ?? 3600 } : null,
  };
}

function redirectState(config: QueryObject): DataPlaneAction {
  return {
    type: "redirect",
    protocol: text(config, "Protocol") ?? "#{protocol}",
    host: text(config, "Host") ?? "#{host}",
    port: text(config, "Port") ?? "#{port}",
    path: text(config, "Path") ?? "/#{path}",
    query: text(config, "Query") ?? "#{query}",
    status: text(config, "StatusCode") === "HTTP_301" ? 301 : 302,
  };
}

const configs = {
  "host-header": "HostHeaderConfig",
  "path-pattern": "PathPatternConfig",
  "http-request-method": "HttpRequestMethodConfig",
  "source-ip": "SourceIpConfig",
} as const;

export function conditionState(condition: QueryObject): DataPlaneCondition {
  const field = text(condition, "Field") ?? "";
  if (field === "query-string") {
    const pairs = objects(object(condition, "QueryStringConfig") ?? {}, "Values");
    return {
      field,
      pairs: pairs.map((pair) => ({ key: text(pair, "Key") ?? null, value: text(pair, "Value") ?? "" })),
    };
  }
  if (field === "http-header") {
    const config = object(condition, "HttpHeaderConfig") ?? {};
    return {
      field,
      name: text(config, "HttpHeaderName") ?? "",
      values: strings(config, "Values"),
      regexValues: strings(config, "RegexValues"),
    };
  }
  const known = field as keyof typeof configs;
  const config = object(condition, configs[known]) ?? {};
  const values = strings(config, "Values");
  return {
    field: known,
    values: values.length > 0 ? values : strings(condition, "Values"),
    regexValues: strings(config, "RegexValues"),
  };
}

export function routingState(store: Store, listener: Listener): DataPlaneRouting {
  return {
    action: actionState(listener.actions),
    rules: store.rulesOf(listener.arn).map((rule) => ({
      arn: rule.arn,
      conditions: rule.conditions.map((one) => conditionState(one as QueryObject)),
      action: actionState(rule.actions),
    })),
  };
}
