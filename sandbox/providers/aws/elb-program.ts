/** What ELBv2 tells, as a program would write it. */
import type * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../rpc/values";

const withoutAbsent = (props: Props): Props =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));

/**
 * Actions as a program would write them.
 * @param like the program's own: AWS tells a forward to one group in both of its forms, and the official provider keeps
 *   the one that it was given.
 */
export function programActions(list: readonly elb.Action[] | undefined, like?: readonly Props[]): Props[] {
  return (list ?? []).map((action, index) => {
    const groups = action.ForwardConfig?.TargetGroups ?? [];
    const stickiness = action.ForwardConfig?.TargetGroupStickinessConfig;
    const inBlock = like?.[index]?.["forward"] !== undefined;
    const forward =
      groups.length > 1 || (groups.length > 0 && (inBlock || action.TargetGroupArn === undefined))
        ? {
            targetGroups: groups.map((group) => withoutAbsent({ arn: group.TargetGroupArn, weight: group.Weight })),
            // The official provider tells of the block also when it is off.
            ...(stickiness === undefined
              ? {}
              : { stickiness: { enabled: stickiness.Enabled ?? false, duration: stickiness.DurationSeconds ?? 0 } }),
          }
        : undefined;
    const redirect = action.RedirectConfig;
    const fixed = action.FixedResponseConfig;
    return withoutAbsent({
      type: action.Type,
      order: action.Order,
      forward,
      targetGroupArn: forward === undefined ? (action.TargetGroupArn ?? groups[0]?.TargetGroupArn) : undefined,
      redirect:
        redirect === undefined
          ? undefined
          : withoutAbsent({
              host: redirect.Host,
              path: redirect.Path,
              port: redirect.Port,
              protocol: redirect.Protocol,
              query: redirect.Query,
              statusCode: redirect.StatusCode,
            }),
      fixedResponse:
        fixed === undefined
          ? undefined
          : withoutAbsent({
              contentType: fixed.ContentType,
              messageBody: fixed.MessageBody,
              statusCode: fixed.StatusCode,
            }),
    });
  });
}

/** Conditions as a program would write them. */
export function programConditions(list: readonly elb.RuleCondition[] | undefined): Props[] {
  const values = (config: { readonly Values?: readonly string[] | undefined } | undefined) =>
    config === undefined ? undefined : { values: config.Values ?? [] };
  return (list ?? []).map((one) =>
    withoutAbsent({
      pathPattern: values(one.PathPatternConfig),
      hostHeader: values(one.HostHeaderConfig),
      httpRequestMethod: values(one.HttpRequestMethodConfig),
      sourceIp: values(one.SourceIpConfig),
      httpHeader:
        one.HttpHeaderConfig === undefined
          ? undefined
          : { httpHeaderName: one.HttpHeaderConfig.HttpHeaderName, values: one.HttpHeaderConfig.Values ?? [] },
      queryStrings:
        one.QueryStringConfig === undefined
          ? undefined
          : (one.QueryStringConfig.Values ?? []).map((pair) => withoutAbsent({ key: pair.Key, value: pair.Value })),
    }),
  );
}

/** A zone of a load balancer as a program would write it. */
export function programMapping(zone: elb.AvailabilityZone): Props {
  const address = zone.LoadBalancerAddresses?.[0];
  return withoutAbsent({
    subnetId: zone.SubnetId,
    allocationId: address?.AllocationId,
    privateIpv4Address: address?.PrivateIPv4Address,
    ipv6Address: address?.IPv6Address,
  });
}
