/** Load balancers, target groups, listeners and rules. Facts; read 2026-11-30. */
import {
  anyCase,
  block,
  blocks,
  blockSet,
  byDefault,
  computed,
  mayMiss,
  optional,
  readOnly,
  region,
  replaces,
  required,
  set,
  suppressed,
  tags,
  type Around,
  type Attribute,
  type ResourceFacts,
} from "./facts";

const notOf =
  (property: string, ...values: readonly string[]) =>
  ({ top }: Around) =>
    !values.includes(String(top(property)));

const ofType = (types: readonly string[], of: Attribute) => suppressed(notOf("loadBalancerType", ...types), of);
const ofApplication = (of: Attribute) => ofType(["application"], of);

const logs = (property: string): Attribute => {
  const off = ({ top }: Around) => top(property)?.enabled !== true;
  return mayMiss(
    block(optional, {
      bucket: suppressed(off, required),
      enabled: byDefault(false),
      prefix: suppressed(off, optional),
    }),
  );
};

/** An NLB can't go from no security groups to some, or back. */
const groupsComeOrGo = (wanted: number, told: number) => (wanted === 0) !== (told === 0);
const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0);

const loadBalancer: ResourceFacts = {
  source: "internal/service/elbv2/load_balancer.go",
  read: "00edc94be7a89c4c485415cdec27094875f61bfc",
  attributes: {
    accessLogs: logs("accessLogs"),
    clientKeepAlive: ofApplication(byDefault(3600)),
    connectionLogs: logs("connectionLogs"),
    customerOwnedIpv4Pool: replaces(optional),
    desyncMitigationMode: ofApplication(byDefault("defensive")),
    dnsRecordClientRoutingPolicy: ofType(["network"], byDefault("any_availability_zone")),
    dropInvalidHeaderFields: ofApplication(byDefault(false)),
    enableCrossZoneLoadBalancing: ofType(["network", "gateway"], byDefault(false)),
    enableDeletionProtection: byDefault(false),
    // Newer than the source that was read: by the typings of 7.48.0.
    enablePrefixForIpv6SourceNat: ofType(["network"], computed),
    enableHttp2: ofApplication(byDefault(true)),
    enableTlsVersionAndCipherSuiteHeaders: ofApplication(byDefault(false)),
    enableWafFailOpen: ofApplication(byDefault(false)),
    enableXffClientPort: ofApplication(byDefault(false)),
    enableZonalShift: ofType(["application", "network"], byDefault(false)),
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: ofType(["network"], computed),
    // Newer than the source that was read: by the typings of 7.48.0.
    healthCheckLogs: logs("healthCheckLogs"),
    idleTimeout: ofApplication(byDefault(60)),
    internal: replaces(computed),
    ipAddressType: computed,
    ipamPools: ofApplication(block(optional, { ipv4IpamPoolId: required })),
    loadBalancerType: replaces(byDefault("application")),
    minimumLoadBalancerCapacity: ofType(["application", "network"], block(optional, { capacityUnits: required })),
    name: replaces(computed),
    namePrefix: replaces(computed),
    preserveHostHeader: ofApplication(byDefault(false)),
    // Newer than the source that was read: by the typings of 7.48.0.
    secondaryIpsAutoAssignedPerSubnet: ofType(["network"], computed),
    securityGroups: set(computed),
    subnetMappings: blockSet(computed, {
      allocationId: optional,
      ipv6Address: optional,
      outpostId: readOnly,
      privateIpv4Address: optional,
      subnetId: required,
    }),
    subnets: set(computed),
    xffHeaderProcessingMode: ofApplication(byDefault("append")),
    ...region,
    ...tags,
  },
  replacedBy: (wanted, told) =>
    wanted["loadBalancerType"] === "network" &&
    wanted["securityGroups"] !== undefined &&
    groupsComeOrGo(lengthOf(wanted["securityGroups"]), lengthOf(told["securityGroups"]))
      ? ["securityGroups"]
      : [],
};

/** Functions of Lambda have no port, no zone, no attributes of connections: our groups never have such targets. */
const unlessLambda = (of: Attribute) => suppressed(({ top }) => top("targetType") === "lambda", of);
const offByDefault = byDefault("off");
const streams = ["TCP", "UDP", "TCP_UDP", "TLS", "GENEVE"];

const targetGroup: ResourceFacts = {
  source: "internal/service/elbv2/target_group.go",
  read: "013cfb4cddc9c44a28f34abad0c11768bcdb9b85",
  attributes: {
    connectionTermination: computed,
    deregistrationDelay: byDefault(300),
    healthCheck: block(computed, {
      enabled: byDefault(true),
      healthyThreshold: byDefault(3),
      interval: byDefault(30),
      matcher: computed,
      path: computed,
      port: unlessLambda(byDefault("traffic-port")),
      protocol: unlessLambda(anyCase(byDefault("HTTP"))),
      timeout: computed,
      unhealthyThreshold: byDefault(3),
    }),
    ipAddressType: replaces(computed),
    lambdaMultiValueHeadersEnabled: suppressed(({ top }) => top("targetType") !== "lambda", byDefault(false)),
    loadBalancingAlgorithmType: computed,
    loadBalancingAnomalyMitigation: computed,
    loadBalancingCrossZoneEnabled: computed,
    name: replaces(computed),
    namePrefix: replaces(computed),
    port: replaces(unlessLambda(optional)),
    preserveClientIp: computed,
    protocol: replaces(unlessLambda(optional)),
    protocolVersion: suppressed(notOf("protocol", "HTTP", "HTTPS"), replaces(anyCase(computed))),
    // Groups of HTTP don't have it: AWS refuses it, and the provider sends no `false`.
    proxyProtocolV2: suppressed(notOf("protocol", ...streams), byDefault(false)),
    slowStart: suppressed(notOf("protocol", "HTTP", "HTTPS"), byDefault(0)),
    stickiness: unlessLambda(
      block(computed, {
        cookieDuration: suppressed(({ top }) => streams.includes(String(top("protocol"))), byDefault(86_400)),
        cookieName: optional,
        enabled: byDefault(true),
        type: required,
      }),
    ),
    // Newer than the source that was read: by the typings of 7.48.0.
    targetControlPort: replaces(optional),
    targetFailovers: unlessLambda(blocks(computed, { onDeregistration: required, onUnhealthy: required })),
    // The block may miss. Written, it must have both of these: AWS tells both, always, and neither is computed.
    targetGroupHealth: unlessLambda(
      block(computed, {
        dnsFailover: block(optional, {
          minimumHealthyTargetsCount: offByDefault,
          minimumHealthyTargetsPercentage: offByDefault,
        }),
        unhealthyStateRouting: block(optional, {
          minimumHealthyTargetsCount: byDefault(1),
          minimumHealthyTargetsPercentage: offByDefault,
        }),
      }),
    ),
    targetHealthStates: blocks(computed, {
      enableUnhealthyConnectionTermination: required,
      unhealthyDrainingInterval: byDefault(0),
    }),
    targetType: replaces(byDefault("instance")),
    vpcId: replaces(unlessLambda(optional)),
    ...region,
    ...tags,
  },
};

const actionOf =
  (type: string) =>
  ({ here }: Around) =>
    String(here("type")) !== type;

/** Actions that log people in are not modelled: no program of ours has them. */
const action: Readonly<Record<string, Attribute>> = {
  authenticateCognito: suppressed(actionOf("authenticate-cognito"), block(optional, {})),
  authenticateOidc: suppressed(actionOf("authenticate-oidc"), block(optional, {})),
  fixedResponse: suppressed(
    actionOf("fixed-response"),
    block(optional, { contentType: required, messageBody: optional, statusCode: computed }),
  ),
  forward: suppressed(
    actionOf("forward"),
    block(optional, {
      stickiness: mayMiss(block(optional, { duration: required, enabled: byDefault(false) })),
      targetGroups: blockSet(required, { arn: required, weight: byDefault(1) }),
    }),
  ),
  jwtValidation: suppressed(actionOf("jwt-validation"), block(optional, {})),
  order: computed,
  redirect: suppressed(
    actionOf("redirect"),
    block(optional, {
      host: byDefault("#{host}"),
      path: byDefault("/#{path}"),
      port: byDefault("#{port}"),
      protocol: byDefault("#{protocol}"),
      query: byDefault("#{query}"),
      statusCode: required,
    }),
  ),
  targetGroupArn: suppressed(actionOf("forward"), optional),
  type: anyCase(required),
};

const httpHeaders = [
  "routingHttpResponseAccessControlAllowCredentialsHeaderValue",
  "routingHttpResponseAccessControlAllowHeadersHeaderValue",
  "routingHttpResponseAccessControlAllowMethodsHeaderValue",
  "routingHttpResponseAccessControlAllowOriginHeaderValue",
  "routingHttpResponseAccessControlExposeHeadersHeaderValue",
  "routingHttpResponseAccessControlMaxAgeHeaderValue",
  "routingHttpResponseContentSecurityPolicyHeaderValue",
  "routingHttpResponseServerEnabled",
  "routingHttpResponseStrictTransportSecurityHeaderValue",
  "routingHttpResponseXContentTypeOptionsHeaderValue",
  "routingHttpResponseXFrameOptionsHeaderValue",
];
const httpsHeaders = [
  "routingHttpRequestXAmznMtlsClientcertHeaderName",
  "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName",
  "routingHttpRequestXAmznMtlsClientcertLeafHeaderName",
  "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName",
  "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName",
  "routingHttpRequestXAmznMtlsClientcertValidityHeaderName",
  "routingHttpRequestXAmznTlsCipherSuiteHeaderName",
  "routingHttpRequestXAmznTlsVersionHeaderName",
];
const each = (names: readonly string[], of: Attribute) => Object.fromEntries(names.map((name) => [name, of]));

const listener: ResourceFacts = {
  source: "internal/service/elbv2/listener.go",
  read: "65,413 characters, provider 6",
  attributes: {
    alpnPolicy: optional,
    certificateArn: optional,
    defaultActions: blocks(required, action),
    loadBalancerArn: replaces(required),
    mutualAuthentication: block(computed, {
      advertiseTrustStoreCaNames: computed,
      ignoreClientCertificateExpiry: byDefault(false),
      mode: required,
      trustStoreArn: optional,
    }),
    port: optional,
    protocol: anyCase(computed),
    sslPolicy: computed,
    tcpIdleTimeoutSeconds: suppressed(notOf("protocol", "TCP", "GENEVE"), computed),
    ...each(httpHeaders, suppressed(notOf("protocol", "HTTP", "HTTPS"), computed)),
    ...each(httpsHeaders, suppressed(notOf("protocol", "HTTPS"), computed)),
    ...region,
    ...tags,
  },
};

/** `regexValues` and the kind of a source's address are newer than the source that was read: by the typings of 7.48.0. */
const values = block(optional, { values: set(optional), regexValues: set(optional) });

const listenerRule: ResourceFacts = {
  source: "internal/service/elbv2/listener_rule.go",
  read: "032c4f076a6cb8e54a85cb60f237cb80ab18b36b",
  attributes: {
    actions: blocks(required, action),
    conditions: blockSet(required, {
      hostHeader: values,
      httpHeader: block(optional, { httpHeaderName: required, values: set(optional), regexValues: set(optional) }),
      httpRequestMethod: block(optional, { values: set(required) }),
      pathPattern: values,
      queryStrings: blockSet(optional, { key: optional, value: required }),
      sourceIp: block(optional, { ipAddressType: computed, values: set(optional) }),
    }),
    listenerArn: replaces(required),
    priority: computed,
    transforms: blocks(optional, {
      hostHeaderRewriteConfig: block(optional, {}),
      type: required,
      urlRewriteConfig: block(optional, {}),
    }),
    ...region,
    ...tags,
  },
};

const listenerCertificate: ResourceFacts = {
  source: "internal/service/elbv2/listener_certificate.go",
  read: null,
  attributes: { certificateArn: replaces(required), listenerArn: replaces(required), ...region },
};

/** The stand-in does not make it; components declare it. */
const webAclAssociation: ResourceFacts = {
  source: "internal/service/wafv2/web_acl_association.go",
  read: null,
  attributes: { resourceArn: replaces(required), webAclArn: replaces(required), ...region },
};

export const elbFacts: Readonly<Record<string, ResourceFacts>> = {
  "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
  "aws:lb/targetGroup:TargetGroup": targetGroup,
  "aws:lb/listener:Listener": listener,
  "aws:lb/listenerRule:ListenerRule": listenerRule,
  "aws:lb/listenerCertificate:ListenerCertificate": listenerCertificate,
  "aws:wafv2/webAclAssociation:WebAclAssociation": webAclAssociation,
};
