/** Two real control planes with a controller each, one AWS front with moto behind it: for the integration test. */
import fs from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { type AwsFront, type LoggedRequest, startAwsFront } from "../../../sandbox/aws-front";
import { ControlPlanes } from "../../../sandbox/control-plane";
import type { DataPlaneState, ToolPaths } from "../../../sandbox/contract";
import { findScript } from "../../../sandbox/processes/scripts";
import { type Child, Supervisor } from "../../../sandbox/processes/supervisor";
import { defaultCacheDir } from "../../../sandbox/tools/cache";
import { kubernetesTools, until } from "../node-agent/harness";
import { TestCluster } from "./test-cluster";

export const TIME_SCALE = 100;
const REGION = "eu-west-1";

/** moto's server, from EBG_TEST_MOTO_SERVER, EBG_TEST_TOOLS_DIR, PATH or the tool cache. */
function motoServer(): string | undefined {
  const { EBG_TEST_MOTO_SERVER, EBG_TEST_TOOLS_DIR = "", PATH = "" } = process.env;
  const cache = defaultCacheDir();
  const cached = fs.existsSync(cache) ? fs.readdirSync(cache).map((name) => path.join(cache, name, "bin")) : [];
  const dirs = [EBG_TEST_TOOLS_DIR, ...PATH.split(path.delimiter), ...cached].filter((dir) => dir !== "");
  return [EBG_TEST_MOTO_SERVER ?? "", ...dirs.map((dir) => path.join(dir, "moto_server"))].find(
    (file) => file !== "" && fs.existsSync(file),
  );
}

/** Null when a program is missing. */
export function testTools(): (ToolPaths & { readonly motoServer: string }) | null {
  const [kubernetes, moto] = [kubernetesTools(), motoServer()];
  return kubernetes && moto ? { ...kubernetes, motoServer: moto } : null;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export class Rig {
  front!: AwsFront;
  blue!: TestCluster;
  green!: TestCluster;
  lb!: elb.ElasticLoadBalancingV2Client;
  ec2!: EC2Client;
  vpcId = "";
  subnetId = "";
  private balancerArn = "";
  private listenerPort = 1000;
  private readonly unhealthy = new Set<string>();
  private readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "ebg-lbc-"));
  private supervisor!: Supervisor;
  private planes!: ControlPlanes;

  constructor(private readonly tools: NonNullable<ReturnType<typeof testTools>>) {}

  async start(): Promise<void> {
    fs.mkdirSync(path.join(this.dir, "logs"));
    const reaper = findScript("processes/reaper");
    this.supervisor = new Supervisor(this.dir, reaper ?? "", () => undefined);
    if (reaper) this.supervisor.startReaper();
    this.planes = new ControlPlanes({
      dir: this.dir,
      tools: this.tools,
      supervisor: this.supervisor,
      tokenReviewUrl: () => "http://127.0.0.1:9/",
    });
    await Promise.all([this.startAws(), this.planes.start()]);
    [this.blue, this.green] = await Promise.all([this.cluster("blue", 1), this.cluster("green", 2)]);
  }

  private async cluster(name: string, octet: number): Promise<TestCluster> {
    const { kubeconfigPath } = await this.planes.create(name, "1.35");
    const cluster = new TestCluster({
      name,
      octet,
      kubeconfigPath,
      supervisor: this.supervisor,
      awsEndpoint: this.front.url,
      region: REGION,
      vpcId: this.vpcId,
      timeScale: TIME_SCALE,
    });
    await cluster.install();
    await cluster.startController();
    return cluster;
  }

  private async startAws(): Promise<void> {
    const port = await freePort();
    const motoUrl = `http://127.0.0.1:${port}`;
    const env = {
      PATH: process.env["PATH"] ?? "",
      AWS_ACCESS_KEY_ID: "x",
      AWS_SECRET_ACCESS_KEY: "x",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const moto: Child = this.supervisor.start({
      name: "moto",
      command: this.tools.motoServer,
      args: ["-H", "127.0.0.1", "-p", String(port)],
      env,
    });
    await until(
      "moto",
      () =>
        moto.ended === null &&
        fetch(`${motoUrl}/moto-api/config`).then(
          (answer) => answer.ok,
          () => false,
        ),
      60_000,
    );
    const never = (): Promise<never> => Promise.reject(new Error("this test has no EKS"));
    const eks = { createControlPlane: never, upgradeControlPlane: never, deleteControlPlane: never, setNodes: never };
    this.front = await startAwsFront({
      motoUrl,
      region: REGION,
      accountId: "123456789012",
      timeScale: TIME_SCALE,
      eks,
      onDataPlaneState: (state) => this.checkHealth(state),
    });
    const config = {
      endpoint: this.front.url,
      region: REGION,
      credentials: { accessKeyId: "AKIATEST", secretAccessKey: "x" },
    };
    [this.lb, this.ec2] = [new elb.ElasticLoadBalancingV2Client(config), new EC2Client(config)];
    this.vpcId = (await this.ec2.send(new CreateVpcCommand({ CidrBlock: "10.42.0.0/16" }))).Vpc?.VpcId ?? "";
    this.subnetId =
      (await this.ec2.send(new CreateSubnetCommand({ VpcId: this.vpcId, CidrBlock: "10.42.0.0/20" }))).Subnet
        ?.SubnetId ?? "";
    this.balancerArn =
      (
        await this.lb.send(
          new elb.CreateLoadBalancerCommand({ Name: "shared", Type: "network", Subnets: [this.subnetId] }),
        )
      ).LoadBalancers?.[0]?.LoadBalancerArn ?? "";
  }

  /** Stands in for the data plane: whatever is registered is healthy, unless the test said otherwise. */
  private checkHealth(state: DataPlaneState): void {
    for (const { arn, targets } of state.targetGroups) {
      for (const { id, port, deregisteredAt } of targets) {
        if (deregisteredAt !== null) continue;
        const bad = this.unhealthy.has(id);
        this.front.onDataPlaneMessage({
          type: "health",
          targetGroupArn: arn,
          id,
          port,
          state: bad ? "unhealthy" : "healthy",
          reason: bad ? "Target.FailedHealthChecks" : null,
          description: null,
        });
      }
    }
  }

  /** A new target group that a listener of the load balancer uses; gives its ARN. */
  async targetGroup(name: string): Promise<string> {
    const arn =
      (
        await this.lb.send(
          new elb.CreateTargetGroupCommand({
            Name: name,
            Protocol: "TCP",
            Port: 8080,
            VpcId: this.vpcId,
            TargetType: "ip",
          }),
        )
      ).TargetGroups?.[0]?.TargetGroupArn ?? "";
    await this.lb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: this.balancerArn,
        Protocol: "TCP",
        Port: ++this.listenerPort,
        DefaultActions: [{ Type: "forward", TargetGroupArn: arn }],
      }),
    );
    return arn;
  }

  /** Addresses of the targets that aren't draining, sorted. */
  async targets(arn: string): Promise<string[]> {
    const found =
      (await this.lb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: arn }))).TargetHealthDescriptions ?? [];
    return found
      .filter((one) => one.TargetHealth?.State !== "draining")
      .map((one) => `${one.Target?.Id}:${one.Target?.Port}`)
      .sort();
  }

  async untilTargets(arn: string, ...wanted: readonly string[]): Promise<void> {
    const goal = [...wanted].sort().join(" ");
    let last = "";
    await until(`targets ${goal}`, async () => (last = (await this.targets(arn)).join(" ")) === goal).catch(
      (error: Error) => Promise.reject(new Error(`${error.message}; there are: ${last}`)),
    );
  }

  async untilHealthy(arn: string): Promise<void> {
    await until("healthy targets", async () =>
      (
        (await this.lb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: arn }))).TargetHealthDescriptions ??
        []
      ).every((one) => one.TargetHealth?.State === "healthy"),
    );
  }

  async register(arn: string, ...addresses: readonly string[]): Promise<void> {
    await this.lb.send(new elb.RegisterTargetsCommand({ TargetGroupArn: arn, Targets: addresses.map(described) }));
  }
  async deregister(arn: string, ...addresses: readonly string[]): Promise<void> {
    await this.lb.send(new elb.DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: addresses.map(described) }));
  }

  /** Marks a place in the log of requests. */
  now(): number {
    return this.front.requests().at(-1)?.id ?? 0;
  }

  /**
   * Calls of ELBv2 on a target group since a mark: `RegisterTargets 10.42.1.1:8080`. Those of this rig that only look
   * are left out.
   */
  changes(arn: string, since: number): string[] {
    return this.logged(since)
      .filter((one) => /(Register|Deregister)Targets$/.test(one.operation) && one.params["TargetGroupArn"] === arn)
      .map((one) => one.operation.replace("elasticloadbalancing:", ""));
  }

  logged(since: number): readonly LoggedRequest[] {
    return this.front.requests(since);
  }

  setUnhealthy(id: string, bad: boolean): void {
    if (bad) this.unhealthy.add(id);
    else this.unhealthy.delete(id);
  }

  async stop(): Promise<void> {
    for (const cluster of [this.blue, this.green]) await cluster?.stop();
    this.lb?.destroy();
    this.ec2?.destroy();
    await this.front?.close();
    await this.planes?.stop();
    await this.supervisor?.stopAll(0);
    this.supervisor?.endReaper();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

function described(address: string): { Id: string; Port: number } {
  const [id = "", port] = address.split(":");
  return { Id: id, Port: Number(port) };
}
