/** The AWS front before a real moto, with a VPC of two subnets; for the tests of this folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type AwsFront, type AwsFrontOptions, startAwsFront } from "../../../sandbox/aws-front/index";
import type { DataPlaneState, EksBackend, NodeSpec } from "../../../sandbox/contract";
import { defaultCacheDir } from "../../../sandbox/tools/cache";

export const region = "eu-west-1";
export const accountId = "123456789012";
export const credentials = { accessKeyId: "AKIASANDBOXTEST", secretAccessKey: "not-a-real-secret" };

export interface PythonTools {
  readonly motoServer: string;
  readonly python: string;
  readonly aws: string;
}

/**
 * moto and the CLI from EBG_TEST_MOTO_SERVER, PATH or the tool cache; nothing is downloaded for a test. Throws under CI
 * when there is none: a skipped test would look like a passed one.
 */
export function pythonTools(): PythonTools | null {
  const cache = defaultCacheDir();
  const folders = (existsSync(cache) ? readdirSync(cache) : [])
    .filter((name) => name.startsWith("python-") && existsSync(join(cache, name, ".complete")))
    .map((name) => join(cache, name));
  folders.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const dirs = [
    dirname(process.env["EBG_TEST_MOTO_SERVER"] ?? ""),
    ...folders.map((one) => join(one, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  const bin = dirs.find((dir) => ["moto_server", "python3", "aws"].every((name) => existsSync(join(dir, name))));
  if (bin !== undefined)
    return { motoServer: join(bin, "moto_server"), python: join(bin, "python3"), aws: join(bin, "aws") };
  if (process.env["CI"])
    throw new Error(
      "moto is not in the tool cache: run `eks-blue-green sandbox tools`, or name it in EBG_TEST_MOTO_SERVER",
    );
  return null;
}

export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 15_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

export class Rig {
  state: DataPlaneState | null = null;
  /** What setNodes was last told, by cluster, and how many nodes each call named. */
  readonly nodes = new Map<string, readonly NodeSpec[]>();
  readonly sizes: number[] = [];
  /** More nodes than so many never get ready. */
  roomForNodes = Number.POSITIVE_INFINITY;
  vpcId = "";
  readonly subnets: string[] = [];
  front!: AwsFront;
  ec2!: EC2Client;
  elb!: ElasticLoadBalancingV2Client;
  eks!: EKSClient;
  private moto: ChildProcess | null = null;

  constructor(readonly tools: PythonTools) {}

  async start(options: Partial<AwsFrontOptions> = {}): Promise<this> {
    const port = await freePort();
    this.moto = spawn(this.tools.motoServer, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    const motoUrl = `http://127.0.0.1:${port}`;
    await until(
      "moto",
      () =>
        fetch(`${motoUrl}/moto-api/config`).then(
          (answer) => answer.ok,
          () => false,
        ),
      // Its Python modules are many, and the machine may be busy.
      150_000,
    );
    const eks: EksBackend = {
      createControlPlane: () => Promise.resolve({ endpoint: "https://127.0.0.1:1", certificateAuthorityData: "Q0E=" }),
      upgradeControlPlane: () => Promise.resolve(),
      deleteControlPlane: () => Promise.resolve(),
      setNodes: (name, all) => (
        this.nodes.set(name, all),
        this.sizes.push(all.length),
        all.length > this.roomForNodes
          ? Promise.reject(new Error("the nodes were not ready after 150 s"))
          : Promise.resolve()
      ),
    };
    this.front = await startAwsFront({
      motoUrl,
      region,
      accountId,
      timeScale: 600,
      credentials,
      eks,
      onDataPlaneState: (next) => (this.state = next),
      ...options,
    });
    const config = { endpoint: this.front.url, region, credentials, maxAttempts: 1 };
    [this.ec2, this.elb, this.eks] = [
      new EC2Client(config),
      new ElasticLoadBalancingV2Client(config),
      new EKSClient(config),
    ];
    this.vpcId = (await this.ec2.send(new CreateVpcCommand({ CidrBlock: "10.42.0.0/16" }))).Vpc?.VpcId ?? "";
    for (const [index, zone] of ["a", "b"].entries())
      this.subnets.push(
        (
          await this.ec2.send(
            new CreateSubnetCommand({
              VpcId: this.vpcId,
              CidrBlock: `10.42.${16 * index}.0/20`,
              AvailabilityZone: `${region}${zone}`,
            }),
          )
        ).Subnet?.SubnetId ?? "",
      );
    return this;
  }

  async close(): Promise<void> {
    for (const client of [this.ec2, this.elb, this.eks]) client?.destroy();
    await this.front?.close();
    this.moto?.kill("SIGKILL");
  }

  /** Of a child that shall know nothing but the front. */
  env(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: "/nonexistent",
      AWS_ENDPOINT_URL: this.front.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_PAGER: "",
      NO_PROXY: "*",
      PYTHONDONTWRITEBYTECODE: "1",
    };
  }
}

/** A rig for a `describe`; tests are skipped where there is no moto (except under CI). */
export function useRig(options: () => Partial<AwsFrontOptions> = () => ({})): () => Rig {
  let rig: Rig | null = null;
  before(async function () {
    this.timeout(180_000);
    const tools = pythonTools();
    if (tools === null) return this.skip();
    rig = await new Rig(tools).start(options());
  });
  after(() => rig?.close());
  return () => rig as Rig;
}

export const hasCode =
  (name: string) =>
  (error: unknown): boolean => {
    if ((error as Error).name !== name)
      throw new Error(`wanted ${name}, got ${(error as Error).name}: ${(error as Error).message}`);
    return true;
  };
