/** Listeners with their default action and certificates. */
import { AwsError, validationError } from "../aws-error";
import { number, object, objects, type QueryObject, strings, text } from "../query";
import type { XmlValue } from "../xml";
import { actionsOf, actionView } from "./actions-of-listeners";
import { defaults, listenerDefinitions } from "./attributes";
import type { Operation } from "./context";
import type { Listener, LoadBalancer } from "./store";
import { checkPort, hex16, limits, oneOf, page, required, tagsOf, theListener, theLoadBalancer } from "./validation";

const defaultSslPolicy = "ELBSecurityPolicy-2016-08";
/** Names of AWS's policies (user guide, "Security policies", 2026-11). */
const sslPolicies: readonly string[] = [
  defaultSslPolicy,
  "ELBSecurityPolicy-TLS-1-1-2017-01",
  "ELBSecurityPolicy-TLS-1-2-2017-01",
  "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
  "ELBSecurityPolicy-FS-2018-06",
  "ELBSecurityPolicy-FS-1-1-2019-08",
  "ELBSecurityPolicy-FS-1-2-2019-08",
  "ELBSecurityPolicy-FS-1-2-Res-2019-08",
  "ELBSecurityPolicy-FS-1-2-Res-2020-10",
  "ELBSecurityPolicy-TLS13-1-0-2021-06",
  "ELBSecurityPolicy-TLS13-1-1-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  "ELBSecurityPolicy-TLS13-1-3-2021-06",
  "ELBSecurityPolicy-TLS13-1-0-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
  "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
];
const networkProtocols = ["TCP", "TLS", "UDP", "TCP_UDP"];

export const createListener: Operation = (context, params) => {
  const balancer = theLoadBalancer(context, required(params, "LoadBalancerArn"));
  const port = checkPort(number(params, "Port"));
  const protocol = oneOf(
    required(params, "Protocol"),
    balancer.type === "network" ? networkProtocols : ["HTTP", "HTTPS"],
    "protocol",
  );
  const actions = actionsOf(context, objects(params, "DefaultActions"), balancer, protocol);
  const certificates = certificateArns(params);
  checkSecurity(params, protocol, certificates);
  const tags = tagsOf(params);
  const others = context.store.listenersOf(balancer.arn);
  checkFreePort(others, balancer, port);
  if (others.length >= limits.listenersPerLoadBalancer)
    throw new AwsError(
      "TooManyListeners",
      `You've reached the limit on the number of listeners per load balancer ('${limits.listenersPerLoadBalancer}')`,
    );
  const listener: Listener = {
    arn: `${balancer.arn.replace(":loadbalancer/", ":listener/")}/${hex16()}`,
    loadBalancerArn: balancer.arn,
    port,
    protocol,
    actions,
    certificates,
    tags,
    attributes: defaults(listenerDefinitions(protocol)),
    sslPolicy: certificates.length > 0 ? (text(params, "SslPolicy") ?? defaultSslPolicy) : undefined,
    alpnPolicy: strings(params, "AlpnPolicy"),
    mutualAuthentication:
      object(params, "MutualAuthentication") ?? (protocol === "HTTPS" ? { Mode: "off" } : undefined),
  };
  context.store.listeners.set(listener.arn, listener);
  context.changed();
  return { Listeners: [view(listener)] };
};

const isSecure = (protocol: string): boolean => protocol === "TLS" || protocol === "HTTPS";

/** Certificates and policy of a listener that ends TLS; none of both for others. */
function checkSecurity(params: QueryObject, protocol: string, certificates: readonly string[]): void {
  const policy = text(params, "SslPolicy");
  if (!isSecure(protocol)) {
    if (certificates.length > 0 || policy !== undefined)
      throw new AwsError(
        "InvalidConfigurationRequest",
        `A certificate or security policy cannot be specified for ${protocol} listeners`,
      );
    return;
  }
  if (certificates.length === 0)
    throw new AwsError("CertificateNotFound", `A certificate must be specified for ${protocol} listeners`);
  for (const arn of certificates) checkCertificate(arn);
  if (policy !== undefined && !sslPolicies.includes(policy))
    throw new AwsError("SSLPolicyNotFound", `SSL policy '${policy}' not found`);
}

/**
 * Any certificate's ARN: the sandbox makes up a certificate for each, and a rehearsal has the user's own, whose account
 * and region are not the sandbox's.
 */
function checkCertificate(arn: string): void {
  if (!/^arn:aws[a-z-]*:(acm:[a-z0-9-]+:\d{12}:certificate|iam::\d{12}:server-certificate)\/.+$/.test(arn))
    throw validationError(`Certificate ARN '${arn}' is not valid`);
}

function checkFreePort(others: readonly Listener[], balancer: LoadBalancer, port: number): void {
  if (others.some((one) => one.port === port))
    throw new AwsError(
      "DuplicateListener",
      `A listener already exists on this port for this load balancer '${balancer.arn}'`,
    );
}

const view = (one: Listener): XmlValue => ({
  ListenerArn: one.arn,
  LoadBalancerArn: one.loadBalancerArn,
  Port: one.port,
  Protocol: one.protocol,
  Certificates:
    one.certificates.length > 0
      ? one.certificates.slice(0, 1).map((CertificateArn) => ({ CertificateArn }))
      : undefined,
  SslPolicy: one.sslPolicy,
  DefaultActions: one.actions.map(actionView),
  AlpnPolicy: one.alpnPolicy.length > 0 ? one.alpnPolicy : undefined,
  MutualAuthentication: one.mutualAuthentication as XmlValue,
});

export const describeListeners: Operation = (context, params) => {
  const [arns, balancer] = [strings(params, "ListenerArns"), text(params, "LoadBalancerArn")];
  if (balancer === undefined && arns.length === 0)
    throw validationError("You must specify either listener ARNs or a load balancer ARN");
  if (balancer !== undefined) theLoadBalancer(context, balancer);
  if (arns.some((arn) => !context.store.listeners.has(arn)))
    throw new AwsError("ListenerNotFound", "One or more listeners not found");
  const wanted = [...context.store.listeners.values()].filter(
    (one) =>
      (balancer === undefined || one.loadBalancerArn === balancer) && (arns.length === 0 || arns.includes(one.arn)),
  );
  const { part, marker } = page(params, wanted);
  return { Listeners: part.map(view), NextMarker: marker };
};

export const modifyListener: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  const balancer = theLoadBalancer(context, listener.loadBalancerArn);
  const port = text(params, "Port") === undefined ? listener.port : checkPort(number(params, "Port"));
  const protocol =
    text(params, "Protocol") === undefined
      ? listener.protocol
      : oneOf(
          required(params, "Protocol"),
          balancer.type === "network" ? networkProtocols : ["HTTP", "HTTPS"],
          "protocol",
        );
  const actions =
    objects(params, "DefaultActions").length > 0
      ? actionsOf(context, objects(params, "DefaultActions"), balancer, protocol, listener)
      : listener.actions;
  checkFreePort(
    context.store.listenersOf(balancer.arn).filter((one) => one !== listener),
    balancer,
    port,
  );
  const given = certificateArns(params);
  const certificates = !isSecure(protocol)
    ? []
    : given.length > 0
      ? [...new Set([...given, ...listener.certificates.slice(1)])]
      : listener.certificates;
  checkSecurity(params, protocol, isSecure(protocol) ? certificates : given);
  Object.assign(listener, {
    port,
    protocol,
    actions,
    certificates,
    mutualAuthentication: object(params, "MutualAuthentication") ?? listener.mutualAuthentication,
    sslPolicy: isSecure(protocol) ? (text(params, "SslPolicy") ?? listener.sslPolicy ?? defaultSslPolicy) : undefined,
    alpnPolicy: params["AlpnPolicy"] === undefined ? listener.alpnPolicy : strings(params, "AlpnPolicy"),
  });
  context.changed();
  return { Listeners: [view(listener)] };
};

export const deleteListener: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  context.store.deleteListener(listener.arn);
  context.changed();
  return {};
};

export const describeListenerCertificates: Operation = (context, params) => {
  const { part, marker } = page(
    params,
    theListener(context, required(params, "ListenerArn")).certificates.map((CertificateArn, index) => ({
      CertificateArn,
      IsDefault: index === 0,
    })),
  );
  return { Certificates: part, NextMarker: marker };
};

const certificateArns = (params: QueryObject): string[] =>
  objects(params, "Certificates").map((one) => required(one, "CertificateArn"));

export const addListenerCertificates: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  if (listener.certificates.length === 0)
    throw new AwsError("UnsupportedProtocol", `Certificates can't be added to a ${listener.protocol} listener`);
  const added = certificateArns(params);
  for (const arn of added) checkCertificate(arn);
  // The default certificate is not counted.
  if (new Set([...listener.certificates.slice(1), ...added]).size > limits.certificatesPerListener)
    throw new AwsError(
      "TooManyCertificates",
      `You've reached the limit on the number of certificates per load balancer ('${limits.certificatesPerListener}')`,
    );
  listener.certificates = [...new Set([...listener.certificates, ...added])];
  return {
    Certificates: added.map((CertificateArn) => ({
      CertificateArn,
      IsDefault: CertificateArn === listener.certificates[0],
    })),
  };
};

export const removeListenerCertificates: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  const gone = certificateArns(params);
  if (gone.includes(listener.certificates[0] ?? ""))
    throw new AwsError("OperationNotPermitted", "Default certificate cannot be removed from a listener");
  listener.certificates = listener.certificates.filter((one) => !gone.includes(one));
  return {};
};

export const describeSslPolicies: Operation = () => ({
  SslPolicies: sslPolicies.map((Name) => ({
    Name,
    SslProtocols: ["TLSv1.2"],
    Ciphers: [{ Name: "ECDHE-RSA-AES128-GCM-SHA256", Priority: 1 }],
    SupportedLoadBalancerTypes: ["application", "network"],
  })),
});
