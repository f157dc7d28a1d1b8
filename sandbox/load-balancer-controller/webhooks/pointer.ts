/**
 * Points the cluster's webhook configurations at this process: the chart names a Service, which leads nowhere here. A
 * Helm update restores the
 * chart's text, so they are watched too.
 */
import { type ApiClient, ApiError } from "../../kubernetes/api-client";
import { orGone, retrying } from "../../kubernetes/retry";
import { watchForever } from "../../kubernetes/watch";
import { log } from "../log";
import { webhookConfigurations, WEBHOOK_CONFIGURATION } from "../chart/webhook-configurations";

interface ClientConfig {
  readonly url?: string;
  readonly caBundle?: string;
  readonly service?: { readonly path?: string };
}

interface Configuration {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly webhooks?: readonly { readonly name?: string; readonly clientConfig: ClientConfig }[];
}
export type PointedConfiguration = Pick<Configuration, "webhooks">;

/** Where this process answers. */
export interface Self {
  readonly port: number;
  readonly caBundle: string;
}

const PLURALS = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] as const;
const baseOf = (plural: string): string => `/apis/admissionregistration.k8s.io/v1/${plural}`;

/** The chart's configurations as they lead to a process of this machine. */
export function pointedConfigurations(self: Self): readonly PointedConfiguration[] {
  const own = webhookConfigurations({
    service: { name: "aws-load-balancer-webhook-service", namespace: "kube-system" },
    labels: {},
  }) as unknown as readonly Configuration[];
  return own.map((configuration) => ({ ...configuration, webhooks: pointed(configuration, self) }));
}

/**
 * Only `clientConfig` is changed: names, rules and policies stay the chart's. Configurations that are absent are made.
 */
export async function pointConfigurations(client: ApiClient, self: Self): Promise<void> {
  const own = pointedConfigurations(self);
  for (const [index, plural] of PLURALS.entries()) {
    const found = await orGone(client.get<Configuration>(`${baseOf(plural)}/${WEBHOOK_CONFIGURATION}`));
    const configuration = own[index];
    if (found) await point(client, plural, found, self);
    else if (configuration) await client.create(baseOf(plural), configuration);
  }
}

/** One that is deleted stays deleted: the chart was uninstalled. */
export function followConfigurations(client: ApiClient, self: Self, signal: AbortSignal): void {
  for (const plural of PLURALS) {
    const changed = (configuration: Configuration): void => {
      if (configuration.metadata.name === WEBHOOK_CONFIGURATION) void again(client, plural, self, signal);
    };
    void watchForever<Configuration>(client, baseOf(plural), signal, {
      onList: (all) => all.forEach(changed),
      onChange: changed,
      onDelete: () => undefined,
    });
  }
}

async function again(client: ApiClient, plural: string, self: Self, signal: AbortSignal): Promise<void> {
  try {
    await retrying(async () => {
      const found = await orGone(client.get<Configuration>(`${baseOf(plural)}/${WEBHOOK_CONFIGURATION}`));
      if (found) await point(client, plural, found, self);
    }, signal);
  } catch (error) {
    log("error", "webhook configuration not pointed here", {
      plural,
      error: (error as Error).message,
      status: error instanceof ApiError ? error.status : undefined,
    });
  }
}

async function point(client: ApiClient, plural: string, found: Configuration, self: Self): Promise<void> {
  const webhooks = pointed(found, self);
  const same = webhooks.every((webhook, index) => {
    const old = found.webhooks?.[index]?.clientConfig;
    return old?.url === webhook.clientConfig.url && old?.caBundle === webhook.clientConfig.caBundle;
  });
  if (same) return;
  await client.patch(`${baseOf(plural)}/${WEBHOOK_CONFIGURATION}`, "merge", {
    metadata: { resourceVersion: found.metadata.resourceVersion },
    webhooks,
  });
}

function pointed(configuration: Configuration, { port, caBundle }: Self): { readonly clientConfig: ClientConfig }[] {
  return (configuration.webhooks ?? []).map((webhook) => {
    const { url, service } = webhook.clientConfig;
    const path = service?.path ?? (url ? new URL(url).pathname : "/");
    return { ...webhook, clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle } };
  });
}
