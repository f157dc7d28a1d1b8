/** The variables with which anyone's pulumi, kubectl and aws talk to the sandbox and can't talk to anything else. */
import { randomBytes } from "node:crypto";
import { realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxOptions, ToolPaths } from "../contract";
import { packageRoot, script } from "../processes/scripts";
import { keptEnvironment } from "../shared/kept-environment";

/** The account that moto makes by default. */
export const sandboxAccountId = "123456789012";

export interface Endpoints {
  readonly aws: string;
  readonly control: string;
  readonly controlSecret: string;
}

/** Keys that are valid nowhere. */
export function makeKeys(): { id: string; secret: string } {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const id = `AKIASANDBOX${[...randomBytes(9)].map((byte) => letters[byte % 32]).join("")}`;
  return {
    id,
    secret: randomBytes(30)
      .toString("base64")
      .replaceAll(/[^A-Za-z0-9]/g, "x"),
  };
}

export function sandboxEnvironment(
  options: SandboxOptions,
  endpoints: Endpoints,
  keys: { id: string; secret: string },
  path: string,
): Record<string, string> {
  const { dir, region } = options;
  return {
    PATH: [join(dir, "bin"), ...path.split(":").filter((entry) => entry !== "" && entry !== join(dir, "bin"))].join(
      ":",
    ),
    AWS_ENDPOINT_URL: endpoints.aws,
    AWS_ACCESS_KEY_ID: keys.id,
    AWS_SECRET_ACCESS_KEY: keys.secret,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: join(dir, "aws", "config"),
    AWS_SHARED_CREDENTIALS_FILE: join(dir, "aws", "credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    // Some operations put a word before the host's name; `data.127.0.0.1` is nobody's.
    AWS_DISABLE_HOST_PREFIX_INJECTION: "true",
    PULUMI_HOME: join(dir, "pulumi-home"),
    PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Type-checking the AWS SDK's declarations at every plain `pulumi` command costs ten seconds and 900 MB; `tsc` does
    // it once.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    KUBECONFIG: join(dir, "kube", "config"),
    // Its .curlrc knows where the load balancers' names lead: they listen on ports of this machine that no name tells.
    CURL_HOME: join(dir, "curl"),
    NO_PROXY: "*",
    no_proxy: "*",
    EKS_BLUE_GREEN_TIME_SCALE: String(options.timeScale),
    EKS_BLUE_GREEN_CONNECT_TO: join(dir, "connect-to"),
    EKS_BLUE_GREEN_SANDBOX: endpoints.control,
    EKS_BLUE_GREEN_SANDBOX_SECRET: endpoints.controlSecret,
  };
}

const alwaysUnset = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_CA_BUNDLE",
  "AWS_ENDPOINT_URL_EKS",
  "AWS_ENDPOINT_URL_EC2",
  "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
  "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING",
  "AWS_ENDPOINT_URL_IAM",
  "AWS_ENDPOINT_URL_STS",
  "AWS_ENDPOINT_URL_SSM",
  "AWS_ENDPOINT_URL_CLOUDWATCH",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_KMS",
  "PULUMI_ACCESS_TOKEN",
  "PULUMI_API",
  "PULUMI_STACK",
  "PULUMI_CONFIG_PASSPHRASE_FILE",
  "PULUMI_K8S_DELETE_UNREACHABLE",
  "PULUMI_K8S_ENABLE_PATCH_FORCE",
  "PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS",
  "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
  "PULUMI_K8S_CLIENT_BURST",
  "PULUMI_K8S_CLIENT_QPS",
  "PULUMI_DEBUG_PROVIDERS",
  "PULUMI_EXPERIMENTAL",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
];

const foreign = /^(AWS_|PULUMI_|KUBE_|KUBERNETES_)/;

/** Names to unset: a fixed list, and whatever of AWS's and Pulumi's variables the starting process has. */
export function variablesToUnset(env: Readonly<Record<string, string>>, base: NodeJS.ProcessEnv): string[] {
  const found = Object.keys(base).filter((name) => foreign.test(name));
  return [...new Set([...alwaysUnset, ...found])].filter((name) => !(name in env)).sort();
}

/**
 * A complete environment for a child process: `base` without anything that could lead out of the sandbox, with the
 * sandbox's own.
 */
export function childEnvironment(
  env: Readonly<Record<string, string>>,
  base: NodeJS.ProcessEnv,
): Record<string, string> {
  const unset = new Set(variablesToUnset(env, base));
  const kept = Object.entries(base).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !unset.has(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...env };
}

/** The daemon's own environment, and by that its children's: nobody's tokens, and nothing that leads out. */
export function cleanEnvironment(base: NodeJS.ProcessEnv): Record<string, string> {
  const logs = base["EKS_BLUE_GREEN_KEEP_LOGS"];
  const clean = childEnvironment(logs === undefined ? {} : { EKS_BLUE_GREEN_KEEP_LOGS: logs }, keptEnvironment(base));
  // Node 20 is what this package supports; the SDK's advice to leave it would be in every log.
  return { ...clean, NO_PROXY: "*", no_proxy: "*", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
}

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/**
 * `<dir>/env.sh`, for `source`. Also drops variables of AWS and Pulumi that a later shell has and the starting one had
 * not.
 */
export function environmentScript(env: Readonly<Record<string, string>>, unset: readonly string[]): string {
  return [
    "# Points a shell at the sandbox: source this file.",
    `for name in $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\|PULUMI_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset "$name"; done`,
    ...unset.map((name) => `unset ${name}`),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    "",
  ].join("\n");
}

/** Links the tools into `<dir>/bin` under their usual names, and plugins that stand in for a stand-in. */
export function linkTools(options: SandboxOptions, tools: ToolPaths): void {
  const bin = join(options.dir, "bin");
  writeFileSync(join(bin, "pulumi"), pulumiScript(tools.pulumi, options.dir), { mode: 0o755 });
  symlinkSync(tools.pulumiLanguageNodejs, join(bin, "pulumi-language-nodejs"));
  symlinkSync(tools.kubectl, join(bin, "kubectl"));
  writeFileSync(join(bin, "ab"), nodeScript(script("load/ab")), { mode: 0o755 });
  // What `sandbox up` tells people to type, from the package that they started it with.
  writeFileSync(join(bin, "eks-blue-green"), nodeScript(join(packageRoot(), "bin", "eks-blue-green.js")), {
    mode: 0o755,
  });
  writeFileSync(join(bin, "aws"), awsScript(tools.aws, tools.python), { mode: 0o755 });
  for (const [name, path] of Object.entries(options.providers)) symlinkSync(path, join(bin, `pulumi-resource-${name}`));
}

const nodeScript = (file: string): string => `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(file)} "$@"\n`;

/**
 * Pulumi writes the secrets provider of its backend into a stack's settings, and the sandbox's is of no use elsewhere.
 * Typed in a project, it works on the copy of the settings that the driver works on.
 */
function pulumiScript(pulumi: string, dir: string): string {
  const copier = join(packageRoot(), "dist/automation/adapters/pulumi/project/sandbox-copy.js");
  const copy = "process.stdout.write(require(process.argv[1]).workDirectoryIn(process.argv[2], process.argv[3]))";
  return [
    "#!/bin/sh",
    // The driver reads this, and need not ask for the version each time.
    `# eks-blue-green sandbox, always runs ${pulumi}`,
    `real=${quote(pulumi)} sandbox=${quote(realpathSync(dir))} folder=$(pwd -P)`,
    'for word in "$@"; do case "$word" in -C|--cwd|-C?*|--cwd=*) exec "$real" "$@" ;; esac; done',
    'while [ ! -f "$folder/Pulumi.yaml" ] && [ ! -f "$folder/Pulumi.yml" ]; do',
    '  if [ "$folder" = / ] || [ "$folder" = "" ]; then exec "$real" "$@"; fi',
    '  folder=$(dirname "$folder")',
    "done",
    'case "$folder/" in "$sandbox"/*) exec "$real" "$@" ;; esac',
    `copy=$(${quote(process.execPath)} -e ${quote(copy)} ${quote(copier)} "$sandbox" "$folder") || exit 1`,
    'echo "sandbox: on a copy of the settings, $copy" >&2',
    'exec "$real" -C "$copy" "$@"',
    "",
  ].join("\n");
}

/**
 * The CLI has addresses of its own for these services, and no variable or configuration overrides them: only the option
 * does.
 */
const stubborn = ["sqs", "emr", "rds", "docdb", "neptune", "health"];

/** Python's -I, -S: nothing of a user's own packages or variables takes part, and the start is short. */
const awsScript = (aws: string, python: string): string =>
  [
    "#!/bin/sh",
    // Every plugin process and every kubectl begins with this one, and the CLI takes most of a second for it.
    `if [ "$1 $2" = "eks get-token" ]; then`,
    `  exec ${quote(python)} -IS ${quote(join(packageRoot(), "sandbox/tools/python/eks_token.py"))} ${quote(aws)} "$@"`,
    "fi",
    'for word in "$@"; do',
    `  case "$word" in ${stubborn.join("|")}) exec ${quote(aws)} --endpoint-url "\${AWS_ENDPOINT_URL:?is not ` +
      `set: source the env.sh of the sandbox first}" "$@" ;; esac`,
    "done",
    `exec ${quote(aws)} "$@"`,
    "",
  ].join("\n");

/**
 * What the variables say, once more as files: a process that has lost all but these two still reaches the sandbox and
 * nothing else.
 */
export function writeAwsFiles(
  dir: string,
  region: string,
  endpoint: string,
  keys: { readonly id: string; readonly secret: string },
): void {
  const services = ["sqs", "emr", "rds", "docdb", "neptune", "health", "s3", "sts", "iam"];
  const config = [
    "[default]",
    `region = ${region}`,
    `endpoint_url = ${endpoint}`,
    "services = sandbox",
    "",
    "[services sandbox]",
    ...services.flatMap((name) => [`${name} =`, `  endpoint_url = ${endpoint}`]),
    "",
  ];
  writeFileSync(join(dir, "aws", "config"), config.join("\n"), { mode: 0o600 });
  writeFileSync(
    join(dir, "aws", "credentials"),
    ["[default]", `aws_access_key_id = ${keys.id}`, `aws_secret_access_key = ${keys.secret}`, ""].join("\n"),
    { mode: 0o600 },
  );
}
