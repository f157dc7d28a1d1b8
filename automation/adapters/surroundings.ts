/**
 * What the environment's variables say of where the driver works: AWS at its own speed, or a sandbox with a faster
 * clock. A shell that was pointed at a sandbox keeps those variables; against AWS they would void every hold.
 */
import { accessSync, constants } from "node:fs";
import { DriverError } from "../errors";
import { getText } from "./http/get";

/** Where a command looks: AWS at its own speed, or a sandbox. */
export interface Surroundings {
  /** How many times faster than AWS the driver's clock runs; 1 against AWS. */
  readonly timeScale: number;
  /** The sandbox that answers; null against AWS. */
  readonly sandbox: { readonly dir: string; readonly awsEndpoint: string } | null;
  /** The file that says where requests to the load balancers go; null: to their own addresses. */
  readonly connectTo: string | null;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** What a sandbox's control endpoint answers. */
interface SandboxAnswer {
  readonly dir?: unknown;
  readonly awsEndpoint?: unknown;
}

const sandboxVariables = [
  "EKS_BLUE_GREEN_TIME_SCALE",
  "EKS_BLUE_GREEN_CONNECT_TO",
  "EKS_BLUE_GREEN_SANDBOX",
  "EKS_BLUE_GREEN_SANDBOX_SECRET",
] as const;

const given = (variables: Variables, name: string): string | null => {
  const value = variables[name];
  return value === undefined || value === "" ? null : value;
};

const isLoopback = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return /^127(\.\d{1,3}){3}$/.test(hostname) || hostname === "[::1]" || hostname === "localhost";
};

function timeScaleOf(variables: Variables): number {
  const text = given(variables, "EKS_BLUE_GREEN_TIME_SCALE");
  if (text === null) return 1;
  const scale = Number(text);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new DriverError(
    "EBG-CONFIG",
    `EKS_BLUE_GREEN_TIME_SCALE is '${text}'; it must be a number above 0`,
    "unset EKS_BLUE_GREEN_TIME_SCALE (only a sandbox sets it)",
  );
}

/** Why calls to AWS would not all go to one endpoint on this machine; null when they do. */
function notLocal(variables: Variables): string | null {
  const endpoint = given(variables, "AWS_ENDPOINT_URL");
  if (endpoint === null) return "AWS_ENDPOINT_URL is not set, so calls go to AWS itself";
  if (/^true$/i.test(given(variables, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? ""))
    return "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is set, so calls go to AWS itself";
  const outside = Object.keys(variables)
    .filter((name) => /^AWS_ENDPOINT_URL(_|$)/.test(name))
    .find((name) => given(variables, name) !== null && !isLoopback(variables[name] ?? ""));
  return outside === undefined ? null : `${outside} is no address of this machine`;
}

async function askSandbox(control: string, secret: string): Promise<SandboxAnswer> {
  const { status, body } = await getText(
    new URL("/status", control),
    { milliseconds: 30_000, bytes: 4 * 1024 * 1024 },
    { authorization: `Bearer ${secret}` },
  );
  if (status === 401) throw new Error("it does not take EKS_BLUE_GREEN_SANDBOX_SECRET");
  if (status !== 200) throw new Error(`status ${status}`);
  return JSON.parse(body) as SandboxAnswer;
}

/** The sandbox that the variables name, or why there is none. */
async function findSandbox(
  variables: Variables,
  ask: typeof askSandbox,
): Promise<NonNullable<Surroundings["sandbox"]> | string> {
  const control = given(variables, "EKS_BLUE_GREEN_SANDBOX");
  if (control === null) return "EKS_BLUE_GREEN_SANDBOX is not set";
  if (!isLoopback(control)) return "EKS_BLUE_GREEN_SANDBOX is no address of this machine";
  const elsewhere = notLocal(variables);
  if (elsewhere !== null) return elsewhere;
  try {
    const { dir, awsEndpoint } = await ask(control, given(variables, "EKS_BLUE_GREEN_SANDBOX_SECRET") ?? "");
    const wanted = given(variables, "AWS_ENDPOINT_URL") ?? "";
    if (
      typeof dir !== "string" ||
      typeof awsEndpoint !== "string" ||
      new URL(awsEndpoint).host !== new URL(wanted).host
    )
      return `the sandbox at ${control} has another AWS endpoint than AWS_ENDPOINT_URL`;
    return { dir, awsEndpoint };
  } catch (error) {
    return `no sandbox answers at ${control} (${error instanceof Error ? error.message : String(error)})`;
  }
}

const refusal = (variables: Variables, what: string, why: string): DriverError =>
  new DriverError(
    "EBG-CONFIG",
    `${what}, but this is no sandbox: ${why}`,
    `unset ${sandboxVariables.filter((name) => given(variables, name) !== null).join(" ")}; or, to work with the ` +
      'sandbox: eval "$(eks-blue-green sandbox env)"',
  );

/**
 * Outside of a sandbox the clock runs at AWS's speed, and requests go to the load balancers' own addresses or through a
 * tunnel that is set up for it (EKS_BLUE_GREEN_CONNECT_TO without the sandbox's other variables).
 * @throws EBG-CONFIG when variables that only a sandbox may set are there and no sandbox is
 */
export async function readSurroundings(
  variables: Variables,
  ask: typeof askSandbox = askSandbox,
): Promise<Surroundings> {
  const timeScale = timeScaleOf(variables);
  const connectTo = given(variables, "EKS_BLUE_GREEN_CONNECT_TO");
  const announced = given(variables, "EKS_BLUE_GREEN_SANDBOX") !== null;
  const found = announced || timeScale !== 1 ? await findSandbox(variables, ask) : null;
  if (typeof found !== "string" && found !== null) return { timeScale, sandbox: found, connectTo };
  if (timeScale !== 1)
    throw refusal(
      variables,
      `EKS_BLUE_GREEN_TIME_SCALE is ${timeScale}, which would make every hold and bake ${timeScale} times as short`,
      found ?? "",
    );
  if (connectTo !== null && found !== null)
    throw refusal(variables, `EKS_BLUE_GREEN_CONNECT_TO sends requests by the table ${connectTo}`, found);
  if (connectTo !== null) assertReadable(connectTo);
  return { timeScale, sandbox: null, connectTo };
}

function assertReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new DriverError(
      "EBG-CONFIG",
      `EKS_BLUE_GREEN_CONNECT_TO names ${file}, which can't be read: ${error instanceof Error ? error.message : String(error)}`,
      "unset EKS_BLUE_GREEN_CONNECT_TO, or name the file that says where requests go (docs/reference/permissions.md)",
      error,
    );
  }
}
