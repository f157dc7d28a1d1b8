import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  type ApplicationLoadBalancerArgs,
  applicationLoadBalancerProblems,
  type ApplicationServiceArgs,
  type ServiceMatchArgs,
} from "./application-load-balancer-args";
import { applicationAttributes, longestLoadBalancingName } from "./internal/aws-limits";
import { createSecurityGroup, createTargetGroups, type MadeGroup, sharedServices } from "./internal/balancer-parts";
import { shortenedName } from "./internal/names";
import { throwProblems } from "./internal/problems";
import { forwardAction } from "./internal/weights";
import type { SharedService } from "./shared-load-balancer";
import { groupNameProblems } from "./shared-load-balancer-args";

const defaultPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";

function conditionsOf({
  hosts,
  paths,
  methods,
  headers,
}: ServiceMatchArgs): aws.types.input.lb.ListenerRuleCondition[] {
  return [
    ...(hosts === undefined ? [] : [{ hostHeader: { values: [...hosts] } }]),
    ...(paths === undefined ? [] : [{ pathPattern: { values: [...paths] } }]),
    ...(methods === undefined ? [] : [{ httpRequestMethod: { values: [...methods] } }]),
    ...(headers ?? []).map(({ name, values }) => ({ httpHeader: { httpHeaderName: name, values: [...values] } })),
  ];
}

function attributesOf(args: ApplicationLoadBalancerArgs): Partial<aws.lb.LoadBalancerArgs> {
  const { clientKeepAliveSeconds, dropInvalidHeaders, desyncMode, accessLogs } = args;
  return {
    idleTimeout: args.idleTimeoutSeconds ?? applicationAttributes.idleTimeoutSeconds.default,
    ...(clientKeepAliveSeconds === undefined ? {} : { clientKeepAlive: clientKeepAliveSeconds }),
    ...(dropInvalidHeaders === undefined ? {} : { dropInvalidHeaderFields: dropInvalidHeaders }),
    ...(desyncMode === undefined ? {} : { desyncMitigationMode: desyncMode }),
    ...(accessLogs === undefined ? {} : { accessLogs: { enabled: true, ...accessLogs } }),
  };
}

/** All groups of an action must speak the same version: requests are answered 464 otherwise. */
function groupInputs(service: ApplicationServiceArgs): Partial<aws.lb.TargetGroupArgs> {
  const { algorithm, slowStartSeconds, stickinessSeconds } = service;
  return {
    protocol: "HTTP",
    protocolVersion: "HTTP1",
    // These two are written out also where they are AWS's own: of one that is left out the aws provider keeps what is there.
    loadBalancingAlgorithmType: algorithm ?? "round_robin",
    ...(slowStartSeconds === undefined ? {} : { slowStart: slowStartSeconds }),
    stickiness:
      stickinessSeconds === undefined
        ? { enabled: false, type: "lb_cookie" }
        : { enabled: true, type: "lb_cookie", cookieDuration: stickinessSeconds },
  };
}

/** Part of a resource's name: an ARN has characters and a length that names don't. */
const hashOf = (arn: string): string => createHash("sha256").update(arn).digest("hex").slice(0, 8);

interface Guarded extends pulumi.CustomResourceOptions {
  readonly parent: pulumi.Resource;
  readonly protect: boolean;
}

/**
 * An Application Load Balancer that belongs to no member: its own security group, a listener for each distinct port, a
 * rule for each service with `match`, and for each service a target group that several clusters register into; with
 * `weights` a target group for each member, which gets requests by its weight. What no service gets is answered 404.
 */
export class ApplicationLoadBalancer extends pulumi.ComponentResource {
  /** ARN of the load balancer. */
  public readonly arn: pulumi.Output<string>;
  /** Name that clients connect to. */
  public readonly dnsName: pulumi.Output<string>;
  /** Of the load balancer's name: a Route 53 alias record needs it. */
  public readonly hostedZoneId: pulumi.Output<string>;
  /** Let this group into the pods' security group. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** By service name; with weights by `NAME@MEMBER`. */
  public readonly services: Readonly<Record<string, SharedService>>;

  constructor(name: string, args: ApplicationLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:ApplicationLoadBalancer", name, {}, opts);
    throwProblems(`ApplicationLoadBalancer '${name}'`, [
      ...groupNameProblems("(resource name)", name),
      ...applicationLoadBalancerProblems(args),
    ]);
    const protect = args.protect !== false;
    const guarded: Guarded = { parent: this, protect };
    const redirect = args.https?.redirectFrom;
    const morePorts = redirect === undefined ? [] : [redirect];
    const { group, rules } = createSecurityGroup(name, { ...args, morePorts }, guarded);
    const balancer = new aws.lb.LoadBalancer(
      name,
      {
        name: shortenedName(args.loadBalancerName, longestLoadBalancingName),
        loadBalancerType: "application",
        internal: args.internal === true,
        securityGroups: [group.id],
        subnets: args.subnetIds,
        enableDeletionProtection: protect,
        ...attributesOf(args),
        tags: args.tags,
      },
      { ...guarded, dependsOn: rules },
    );
    if (args.webAclArn !== undefined)
      new aws.wafv2.WebAclAssociation(
        name,
        { resourceArn: balancer.arn, webAclArn: args.webAclArn },
        // The other way round the end of the old association would be that of the new one: AWS knows them by the balancer.
        { parent: this, deleteBeforeReplace: true },
      );
    const ports = [...new Set(args.services.map(({ port }) => port))];
    this.services = Object.fromEntries(ports.flatMap((port) => this.createPort(name, args, port, balancer, guarded)));
    if (redirect !== undefined) this.createRedirect(name, args, redirect, balancer, guarded);
    this.arn = balancer.arn;
    this.dnsName = balancer.dnsName;
    this.hostedZoneId = balancer.zoneId;
    this.securityGroupId = group.id;
    this.registerOutputs({ arn: this.arn, dnsName: this.dnsName, securityGroupId: this.securityGroupId });
  }

  /** A port's listener, whose default action is that of the service without `match`, and the rules of the others. */
  private createPort(
    name: string,
    args: ApplicationLoadBalancerArgs,
    port: number,
    balancer: aws.lb.LoadBalancer,
    guarded: Guarded,
  ): [string, SharedService][] {
    const own = args.services.filter((service) => service.port === port);
    const made = own.map((service) => ({
      service,
      groups: createTargetGroups(name, args, service, groupInputs(service), guarded),
    }));
    const rest = made.find(({ service }) => service.match === undefined);
    const listener = this.createListener(name, args, port, rest?.groups ?? null, balancer, guarded);
    return made.flatMap(({ service, groups }) => {
      const rule = service.match === undefined ? null : this.createRule(name, args, service, groups, listener, guarded);
      return sharedServices(service, groups, { listenerArn: listener.arn, ruleArn: rule?.arn ?? null });
    });
  }

  private createListener(
    name: string,
    args: ApplicationLoadBalancerArgs,
    port: number,
    groups: readonly MadeGroup[] | null,
    balancer: aws.lb.LoadBalancer,
    guarded: Guarded,
  ): aws.lb.Listener {
    const https = args.https?.ports.includes(port) === true ? args.https : null;
    const notFound = {
      type: "fixed-response",
      fixedResponse: {
        contentType: "text/plain",
        messageBody: args.notFoundBody ?? "no service has this address",
        statusCode: "404",
      },
    };
    const [first, ...others] = https?.certificateArns ?? [];
    const listener = new aws.lb.Listener(
      `${name}-${port}`,
      {
        loadBalancerArn: balancer.arn,
        port,
        protocol: https === null ? "HTTP" : "HTTPS",
        ...(https === null ? {} : { certificateArn: first, sslPolicy: https.policy ?? defaultPolicy }),
        defaultActions: [groups === null ? notFound : forwardAction(groups, args.weights)],
        tags: args.tags,
      },
      { ...guarded, ...(args.keepWeights === true && groups !== null ? { ignoreChanges: ["defaultActions"] } : {}) },
    );
    for (const certificateArn of others)
      new aws.lb.ListenerCertificate(
        `${name}-${port}-${hashOf(certificateArn)}`,
        { listenerArn: listener.arn, certificateArn },
        { parent: this },
      );
    return listener;
  }

  private createRule(
    name: string,
    args: ApplicationLoadBalancerArgs,
    service: ApplicationServiceArgs & { readonly match?: ServiceMatchArgs },
    groups: readonly MadeGroup[],
    listener: aws.lb.Listener,
    guarded: Guarded,
  ): aws.lb.ListenerRule | null {
    const { match } = service;
    if (match === undefined) return null;
    return new aws.lb.ListenerRule(
      `${name}-${service.name}`,
      {
        listenerArn: listener.arn,
        priority: match.priority,
        conditions: conditionsOf(match),
        actions: [forwardAction(groups, args.weights)],
        tags: args.tags,
      },
      { ...guarded, ...(args.keepWeights === true ? { ignoreChanges: ["actions"] } : {}) },
    );
  }

  private createRedirect(
    name: string,
    args: ApplicationLoadBalancerArgs,
    port: number,
    balancer: aws.lb.LoadBalancer,
    guarded: Guarded,
  ): void {
    new aws.lb.Listener(
      `${name}-${port}`,
      {
        loadBalancerArn: balancer.arn,
        port,
        protocol: "HTTP",
        defaultActions: [
          {
            type: "redirect",
            redirect: { protocol: "HTTPS", port: String(args.https?.ports[0] ?? 443), statusCode: "HTTP_301" },
          },
        ],
        tags: args.tags,
      },
      // It serves nobody, and goes with `redirectFrom`.
      { ...guarded, protect: false },
    );
  }
}
