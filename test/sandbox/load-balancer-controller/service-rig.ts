/** Services of type LoadBalancer in the integration test's clusters, and what AWS has of them. */
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ServiceObject, TargetGroupBinding } from "../../../sandbox/load-balancer-controller/types";
import { orGone } from "../../../sandbox/kubernetes/retry";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";
import type { TestCluster } from "./test-cluster";

const SERVICES = "/api/v1/namespaces/default/services";
const BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/namespaces/default/targetgroupbindings";
export const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
export const PROTECTED = { attributes: "deletion_protection.enabled=true" };

/** ELBv2's writes. */
const READS = /:(Describe|Get)/;

export class ServiceRig {
  constructor(
    readonly rig: Rig,
    readonly cluster: TestCluster,
  ) {}

  /** Gives the pods' addresses an interface: the controller looks for it before it lets the load balancer in. */
  async giveInterfaces(): Promise<void> {
    const wanted = [1, 2, 3, 5, 9].map((n) => this.cluster.address(n).split(":")[0] ?? "");
    const found = (await this.rig.ec2.send(new ec2.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? [];
    const taken = new Set(found.flatMap((one) => (one.PrivateIpAddresses ?? []).map((each) => each.PrivateIpAddress)));
    const missing = wanted.filter((one) => !taken.has(one));
    if (missing.length > 0)
      await this.rig.ec2.send(
        new ec2.CreateNetworkInterfaceCommand({
          SubnetId: this.rig.subnetId,
          PrivateIpAddresses: missing.map((PrivateIpAddress, at) => ({ PrivateIpAddress, Primary: at === 0 })),
        }),
      );
  }

  /** A Service with ip targets and endpoints written by hand; `annotations` without their prefix. */
  async create(
    name: string,
    ready: readonly number[],
    annotations: Readonly<Record<string, string>> = {},
    spec: object = {},
  ): Promise<void> {
    const all = { "nlb-target-type": "ip", subnets: this.rig.subnetId, ...annotations };
    await this.cluster.client.create(SERVICES, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, annotations: prefixed(all) },
      spec: {
        type: "LoadBalancer",
        loadBalancerClass: "service.k8s.aws/nlb",
        ports: [{ name: "http", port: 80, targetPort: 8080 }],
        ...spec,
      },
    });
    if (ready.length > 0) await this.cluster.endpoints(name, ready);
  }

  /** Up to its being reconciled, and its binding too. */
  async serve(
    name: string,
    ready: readonly number[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    await this.create(name, ready, annotations);
    return this.untilServed(name, ready);
  }

  async untilServed(name: string, ready: readonly number[]): Promise<string> {
    await until(`the binding of ${name}`, async () => (await this.bindings(name)).length > 0);
    const binding = (await this.bindings(name))[0];
    await this.cluster.untilDone(binding?.metadata.name ?? "");
    const arn = binding?.spec.targetGroupARN ?? "";
    await this.rig.untilTargets(arn, ...ready.map((n) => this.cluster.address(n)));
    await this.untilEvent(name, "SuccessfullyReconciled");
    return arn;
  }

  get(name: string): Promise<ServiceObject | undefined> {
    return orGone(this.cluster.client.get<ServiceObject>(`${SERVICES}/${name}`));
  }
  async annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.cluster.client.patch(`${SERVICES}/${name}`, "merge", {
      metadata: { annotations: prefixed(annotations) },
    });
  }
  async patch(name: string, kind: "merge" | "json", body: unknown): Promise<void> {
    await this.cluster.client.patch(`${SERVICES}/${name}`, kind, body);
  }
  async startDeleting(name: string): Promise<void> {
    await this.cluster.client.delete(`${SERVICES}/${name}`);
  }
  async untilGone(name: string): Promise<void> {
    await until(`Service ${name} to be gone`, async () => (await this.get(name)) === undefined);
  }
  async delete(name: string): Promise<void> {
    await this.startDeleting(name);
    await this.untilGone(name);
  }

  async bindings(name: string): Promise<readonly TargetGroupBinding[]> {
    const { items } = await this.cluster.client.get<{ readonly items: readonly TargetGroupBinding[] }>(
      `${BINDINGS}?labelSelector=${encodeURIComponent(`service.k8s.aws/stack-name=${name}`)}`,
    );
    return items;
  }
  async events(name: string): Promise<readonly string[]> {
    return (await this.cluster.events(name)).map((event) => `${event.reason} ${event.message}`);
  }
  async eventCount(name: string, reason: string): Promise<number> {
    return (await this.cluster.events(name))
      .filter((event) => event.reason === reason)
      .reduce((sum, event) => sum + event.count, 0);
  }
  async untilEvent(name: string, text: string, count = 1): Promise<void> {
    await until(
      `event ${text} of ${name}`,
      async () =>
        (await this.cluster.events(name))
          .filter((event) => `${event.reason} ${event.message}`.includes(text))
          .reduce((sum, event) => sum + event.count, 0) >= count,
      20_000,
    );
  }

  /** By the Service's status. */
  async balancer(name: string): Promise<elb.LoadBalancer | undefined> {
    const hostname = (await this.get(name))?.status?.loadBalancer?.ingress?.[0]?.hostname;
    return (await this.balancers()).find((one) => hostname !== undefined && one.DNSName === hostname);
  }
  async balancers(): Promise<readonly elb.LoadBalancer[]> {
    return (await this.rig.lb.send(new elb.DescribeLoadBalancersCommand({}))).LoadBalancers ?? [];
  }
  async tags(arn: string): Promise<Readonly<Record<string, string>>> {
    const found =
      (await this.rig.lb.send(new elb.DescribeTagsCommand({ ResourceArns: [arn] }))).TagDescriptions?.[0]?.Tags ?? [];
    return Object.fromEntries(found.map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
  }
  async listeners(arn: string): Promise<readonly elb.Listener[]> {
    return (await this.rig.lb.send(new elb.DescribeListenersCommand({ LoadBalancerArn: arn }))).Listeners ?? [];
  }
  async groupExists(arn: string): Promise<boolean> {
    return this.rig.lb.send(new elb.DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })).then(
      () => true,
      () => false,
    );
  }
  async attribute(arn: string, key: string): Promise<string | undefined> {
    return (
      await this.rig.lb.send(new elb.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }))
    ).Attributes?.find((one) => one.Key === key)?.Value;
  }
  async securityGroups(filter: ec2.Filter): Promise<readonly ec2.SecurityGroup[]> {
    return (await this.rig.ec2.send(new ec2.DescribeSecurityGroupsCommand({ Filters: [filter] }))).SecurityGroups ?? [];
  }

  /** AWS's changes since a mark, by whomever. */
  writes(since: number): string[] {
    return this.rig
      .logged(since)
      .filter((one) => /^(elasticloadbalancing|ec2):/.test(one.operation) && !READS.test(one.operation))
      .map((one) => one.operation.split(":")[1] ?? "");
  }
  /**
   * The same, without what is repeated at once. AWS's client repeats a call whose answer did not come, and the
   * controller a whole pass whose last write failed (the real one too): how often tells nothing, the order does.
   * `except`: writes that may come in between.
   */
  steps(since: number, ...except: readonly string[]): string[] {
    return this.writes(since)
      .filter((one) => !except.includes(one))
      .filter((one, at, all) => one !== all[at - 1]);
  }
  /** Only what changes load balancers, listeners, target groups and security groups. */
  bigWrites(since: number): string[] {
    return this.writes(since).filter((one) => !/^(Register|Deregister)Targets$/.test(one));
  }
}

function prefixed(annotations: Readonly<Record<string, string | null>>): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key.includes("/") ? key : `${PREFIX}${key}`, value]),
  );
}
