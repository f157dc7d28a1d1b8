/** The controller's chart as files: the folder `load-balancer-controller/chart/helm`, with what the stand-in knows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { LbcMode } from "../contract";
import { controllerVersionOf, loadBalancerControllerCrds } from "../load-balancer-controller/chart/crds";
import { webhookConfigurations } from "../load-balancer-controller/chart/webhook-configurations";
import { packageRoot } from "../processes/scripts";

export const chartName = "aws-load-balancer-controller";

/** With `--lbc external` a real controller brings its own access rules. */
const theirs = ["templates/rbac.yaml"];

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service: { readonly path: string } };
}

/**
 * What the template of the webhooks goes through: all but the labels, the authority and the Service. With `--lbc
 * external` there are none, because they have to lead to the controller that is attached; the Secret with the serving
 * certificate is made all the same, because the pods mount it.
 */
function webhooks(lbc: LbcMode): string {
  if (lbc === "external") return "[]";
  const settings = { service: { name: "", namespace: "" }, labels: {} };
  const all = webhookConfigurations(settings) as unknown as readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly webhooks: readonly Webhook[];
  }[];
  return JSON.stringify(
    all.map((one) => ({
      kind: one.kind,
      name: one.metadata.name,
      webhooks: one.webhooks.map(({ clientConfig, ...rest }) => ({ ...rest, path: clientConfig.service.path })),
    })),
  );
}

/** Files of the chart by their paths in its archive. */
export function chartFiles(version: string, lbc: LbcMode): Record<string, string> {
  const folder = join(packageRoot(), "sandbox", "load-balancer-controller", "chart", "helm");
  const templates = readdirSync(join(folder, "templates")).map((name) => `templates/${name}`);
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const about = parse(read("Chart.yaml")) as Record<string, unknown>;
  const files: Record<string, string> = {
    "Chart.yaml": stringify({ ...about, version, appVersion: `v${controllerVersionOf(version)}` }),
    "values.yaml": read("values.yaml"),
    "webhooks.json": webhooks(lbc),
    "crds/crds.yaml": loadBalancerControllerCrds.map((one) => `---\n${stringify(one)}`).join(""),
  };
  for (const name of templates) if (lbc !== "external" || !theirs.includes(name)) files[name] = read(name);
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${chartName}/${name}`, text]));
}
