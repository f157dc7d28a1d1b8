/** What AWS asks of redirects, fixed responses and the order of actions (API reference Action, 2026-11-30). */
import { AwsError, validationError } from "../aws-error";
import { number, object, type QueryObject, text } from "../query";
import { checkRange, oneOf, required } from "./validation";

/** One of them ends an action list; what stands before it authenticates. */
const ending = ["forward", "redirect", "fixed-response"];
const contentTypes = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
const keptParts = { Protocol: "#{protocol}", Host: "#{host}", Port: "#{port}", Path: "/#{path}" };

const refuse = (message: string): AwsError => new AwsError("InvalidLoadBalancerAction", message);

/** Of an Application Load Balancer's listener or rule. */
export function checkActions(actions: readonly QueryObject[]): void {
  const ends = actions.filter((action) => ending.includes(text(action, "Type") ?? ""));
  if (ends.length !== 1)
    throw refuse(
      "Exactly one forward, redirect or fixed-response action must be specified, and it must be performed last",
    );
  const orders = actions.map((action) => number(action, "Order"));
  if (actions.length > 1) {
    if (orders.some((order) => order === undefined) || new Set(orders).size !== orders.length)
      throw refuse("You must specify a unique order for each action");
    const last = Math.max(...orders.map((order) => order ?? 0));
    if (number(ends[0] as QueryObject, "Order") !== last)
      throw refuse("The forward, redirect or fixed-response action must be the last one to be performed");
  }
  for (const order of orders) if (order !== undefined) checkRange(order, 1, 50_000, "Action order");
  for (const action of actions) checkOne(action);
}

function checkOne(action: QueryObject): void {
  const type = text(action, "Type");
  if (type === "redirect") checkRedirect(object(action, "RedirectConfig"));
  if (type === "fixed-response") checkFixedResponse(object(action, "FixedResponseConfig"));
}

function checkRedirect(config: QueryObject | undefined): void {
  if (config === undefined) throw refuse("A redirect action must have a redirect config");
  oneOf(required(config, "StatusCode"), ["HTTP_301", "HTTP_302"], "statusCode");
  const same = Object.entries(keptParts).every(([key, kept]) => (text(config, key) ?? kept) === kept);
  if (same) throw refuse("The redirect configuration is not valid because it would create a loop");
  const path = text(config, "Path");
  if (path !== undefined && !path.startsWith("/")) throw refuse(`The redirect path '${path}' must begin with '/'`);
}

function checkFixedResponse(config: QueryObject | undefined): void {
  if (config === undefined) throw refuse("A fixed-response action must have a fixed response config");
  const status = required(config, "StatusCode");
  if (!/^(2|4|5)\d\d$/.test(status))
    throw validationError(`Fixed response status code '${status}' must be 2XX, 4XX or 5XX`);
  const type = text(config, "ContentType");
  if (type !== undefined && type !== "" && !contentTypes.includes(type))
    throw validationError(`Fixed response content type '${type}' must be one of: ${contentTypes.join(", ")}`);
  if ((text(config, "MessageBody") ?? "").length > 1024)
    throw validationError("Fixed response message body cannot be longer than '1024' characters");
}

/** A group's own stickiness needs that of the action, where the action has several groups. */
export function checkStickiness(
  sticky: boolean,
  groups: readonly { readonly arn: string; readonly attributes: ReadonlyMap<string, string> }[],
): void {
  if (sticky || groups.length < 2) return;
  const own = groups.find((group) => group.attributes.get("stickiness.enabled") === "true");
  if (own)
    throw new AwsError(
      "InvalidConfigurationRequest",
      `You must enable group stickiness on the action: target stickiness is enabled on target group '${own.arn}'`,
    );
}
