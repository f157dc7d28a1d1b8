/** Nothing under the sandbox's environment talks to anything else, whatever AWS configuration the person has. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxOptions, ToolPaths } from "../../../sandbox/contract";
import {
  childEnvironment,
  environmentScript,
  linkTools,
  sandboxEnvironment,
  variablesToUnset,
  writeAwsFiles,
} from "../../../sandbox/daemon/environment";
import { credentials, region, useRig } from "./rig";

/** Of somebody who works with real accounts all day. */
const personal = {
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "token",
  AWS_PROFILE: "production",
  AWS_REGION: "us-west-2",
  AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/x",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent",
  AWS_ENDPOINT_URL_SQS: "https://sqs.us-west-2.amazonaws.com",
  AWS_ENDPOINT_URL_EC2: "https://ec2.us-west-2.amazonaws.com",
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
  AWS_USE_FIPS_ENDPOINT: "true",
  HTTPS_PROXY: "http://proxy.example.com:3128",
  HTTP_PROXY: "http://proxy.example.com:3128",
};
/** One of each kind: regional, global, with names of their own in the CLI, with host prefixes. */
const commands = [
  "sts get-caller-identity",
  "ec2 describe-vpcs",
  "eks list-clusters",
  "elbv2 describe-load-balancers",
  "iam list-roles",
  "s3api list-buckets",
  "route53 list-hosted-zones",
  "sqs list-queues",
  "emr list-clusters",
  "rds describe-db-instances",
  "docdb describe-db-clusters",
  "neptune describe-db-clusters",
  "cloudfront list-distributions",
];

describe("sandbox environment", function () {
  this.timeout(300_000);
  const rig = useRig();
  let dir = "";
  let env: Record<string, string> = {};
  let own: Record<string, string> = {};

  before(() => {
    dir = mkdtempSync(join(tmpdir(), "ebg-outside-"));
    for (const name of ["bin", "aws"]) mkdirSync(join(dir, name));
    const options: SandboxOptions = {
      dir,
      timeScale: 1,
      lbc: "stand-in",
      providers: {},
      region,
      untilStdinCloses: false,
    };
    const keys = { id: credentials.accessKeyId, secret: credentials.secretAccessKey };
    linkTools(options, {
      aws: rig().tools.aws,
      python: rig().tools.python,
      pulumi: "/nonexistent",
      pulumiLanguageNodejs: "/nonexistent",
      kubectl: "/nonexistent",
    } as ToolPaths);
    writeAwsFiles(dir, region, rig().front.url, keys);
    const base = { PATH: process.env["PATH"], HOME: dir, ...personal };
    own = sandboxEnvironment(
      options,
      { aws: rig().front.url, control: "http://127.0.0.1:1", controlSecret: "s" },
      keys,
      process.env["PATH"] ?? "",
    );
    env = childEnvironment(own, base);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /**
   * Runs it with every connection written down; gives what it printed. Fails when there was none, or one that leads
   * out.
   */
  async function recorded(
    name: string,
    command: string,
    args: readonly string[],
    variables: Record<string, string>,
  ): Promise<{ code: number | null; out: string; err: string }> {
    const record = join(dir, `${name.replaceAll(/\W/g, "-")}.connections`);
    writeFileSync(record, "");
    const child = spawn(command, args, {
      env: {
        ...variables,
        RECORD_CONNECTIONS: record,
        PYTHONPATH: join(__dirname, "python"),
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const result = await new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk) => (out += String(chunk)));
      child.stderr.on("data", (chunk) => (err += String(chunk)));
      child.once("error", reject).once("close", (code) => resolve({ code, out, err }));
    });
    const lines = readFileSync(record, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    assert.deepEqual(
      lines.filter((line) => !/ 127\./.test(line)),
      [],
      `${name} went outside: ${result.err}`,
    );
    assert.ok(lines.length > 0, `${name} connected to nothing: ${result.err}`);
    return result;
  }

  it("has the driver on its PATH: the one of this package", () => {
    const run = spawnSync("eks-blue-green", ["sandbox", "--help"], { env, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /Usage: eks-blue-green sandbox/);
    assert.match(
      readFileSync(join(dir, "bin", "eks-blue-green"), "utf8"),
      new RegExp(join(__dirname, "../../../bin/eks-blue-green.js")),
    );
  });

  it("keeps the AWS CLI inside, also for services whose addresses are built into it", async () => {
    for (const command of commands) {
      const { code, err } = await recorded(command, join(dir, "bin", "aws"), command.split(" "), env);
      assert.equal(code, 0, `${command}: ${err}`);
    }
  });

  it("keeps a shell inside that sources env.sh", async () => {
    writeFileSync(join(dir, "env.sh"), environmentScript(own, variablesToUnset(own, {})));
    const { code, out, err } = await recorded(
      "env.sh",
      "sh",
      [
        "-c",
        `. "${join(dir, "env.sh")}" && aws sqs list-queues && aws sts get-caller-identity --output text --query ` +
          "Account",
      ],
      { PATH: process.env["PATH"] ?? "", HOME: dir, ...personal },
    );
    assert.equal(code, 0, err);
    assert.equal(out.trim().split("\n").pop(), "123456789012");
  });

  it("keeps a process inside that has nothing but the two files", async () => {
    const { code, err } = await recorded("files", rig().tools.aws, ["iam", "list-roles"], {
      PATH: env["PATH"] ?? "",
      HOME: dir,
      AWS_CONFIG_FILE: join(dir, "aws", "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(dir, "aws", "credentials"),
      NO_PROXY: "*",
    });
    assert.equal(code, 0, err);
  });

  it("keeps boto3 inside for every service that it has", async () => {
    const { code, out, err } = await recorded(
      "boto3",
      rig().tools.python,
      [join(__dirname, "python", "every_service.py")],
      env,
    );
    assert.equal(code, 0, err);
    const { called, silent } = JSON.parse(out) as { called: string[]; silent: string[] };
    assert.deepEqual(silent, []);
    assert.ok(called.length > 200, `${called.length} services`);
  });

  it("keeps the JavaScript SDK inside", async () => {
    const clients = [
      ["ec2", "EC2Client", "DescribeVpcsCommand"],
      ["eks", "EKSClient", "ListClustersCommand"],
      ["elastic-load-balancing-v2", "ElasticLoadBalancingV2Client", "DescribeLoadBalancersCommand"],
      ["iam", "IAMClient", "ListRolesCommand"],
      ["sts", "STSClient", "GetCallerIdentityCommand"],
      ["cloudwatch", "CloudWatchClient", "ListMetricsCommand"],
    ];
    const program =
      `(async () => { for (const [name, client, command] of ${JSON.stringify(clients)}) { const sdk = ` +
      `require("@aws-sdk/client-" + name); await new sdk[client]({}).send(new sdk[command]({})); } ` +
      `console.log("all"); })()`;
    const { code, out, err } = await recorded(
      "node",
      process.execPath,
      ["--import", join(__dirname, "record-connections.mjs"), "-e", program],
      { ...env, NODE_PATH: join(__dirname, "..", "..", "..", "node_modules") },
    );
    assert.equal(code, 0, err);
    assert.equal(out.trim(), "all");
  });
});
