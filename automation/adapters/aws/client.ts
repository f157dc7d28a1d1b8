/** How the driver's clients of AWS behave: one place for retries and patience. */

/**
 * Real seconds that one try may take. Shorter than the call's deadline: a connection that some firewall has forgotten
 * stays silent for ever, and another one answers.
 */
export const trySeconds = 8;

export interface ClientSettings {
  readonly region: string;
  readonly maxAttempts: number;
  readonly retryMode: "adaptive";
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
}

/**
 * Several drivers and controllers share one API budget (docs/reference/aws-behaviour.md): back off instead of pressing
 * on.
 */
export function clientSettings(region: string, tryMs: number = trySeconds * 1000): ClientSettings {
  return {
    region,
    maxAttempts: 5,
    retryMode: "adaptive",
    requestHandler: { connectionTimeout: 5_000, requestTimeout: tryMs, throwOnRequestTimeout: true },
  };
}
