/** Whether a stack has changes that no move would make; a chart that can't be fetched hides those of its release alone. */
import type { ExtensionOutputs, WorkloadFilesOutputs } from "../../stacks/contract";
import { isOfFiles } from "../../stacks/extension/whose";
import { DriverError } from "../errors";
import type { Finding } from "../finding";
import { changesOf, describeOperation } from "../policy/move-policy";
import { operationsBelow, splitOperations } from "../policy/own-operations";
import type { PlannedOperation, Ports, StackRef } from "../ports";
import { typed } from "../text/command-line";
import { stackName } from "../text/stack-name";

/** How the official kubernetes provider ends what it says of a chart that it could not load. */
const chartNotLoaded = /check the chart name and repository configuration/;

interface Look {
  readonly operations: readonly PlannedOperation[];
  /** Why a chart could not be loaded; null: all was looked at. */
  readonly missing: string | null;
}

/** A repository that is silent instead of refusing ends the preview by its deadline. */
async function look(ports: Ports, stack: StackRef, { rendersFor }: LookOptions): Promise<Look> {
  const context = rendersFor === undefined ? null : ({ kind: "look", kubernetesVersion: rendersFor } as const);
  try {
    return { ...(await ports.pulumi.preview(stack, context)), missing: null };
  } catch (error) {
    const mayBeChart =
      stack.kind === "member" &&
      error instanceof DriverError &&
      (error.code === "EBG-DEADLINE" || chartNotLoaded.test(error.message));
    if (!mayBeChart) throw error;
    const without = await ports.pulumi.preview(stack, context, undefined, "releases");
    const said = error.message.split("\n").find((line) => chartNotLoaded.test(line)) ?? error.message;
    return { ...without, missing: said.trim().slice(0, 400) };
  }
}

/** A member that is made would have other workloads than those that serve; no other move writes them. */
const filesFinding = (environment: string, name: string, said: string, makesMember: boolean): Finding => ({
  code: "EBG-PENDING-CHANGES",
  severity: makesMember ? "required" : "recommended",
  message:
    `stack ${name} has changes of workloads' files, and no move deploys them: ${said}` +
    (makesMember ? "; the member that is to be made would come with them, beside members that serve without" : ""),
  remedy: makesMember
    ? `deploy them first: ${typed(environment, "up")}; or go on with the files as they were deployed (git checkout)`
    : `deploy them when it suits: ${typed(environment, "up")}`,
});

function changesFinding(
  environment: string,
  name: string,
  operations: readonly PlannedOperation[],
  { makesMember = false, extension, files }: LookOptions,
): Finding[] {
  const all = changesOf(operations);
  const ofFiles = operationsBelow(all, [
    ...(files?.resources ?? []),
    ...all.flatMap(({ urn }) => (isOfFiles(urn) ? [urn] : [])),
  ]);
  const split = splitOperations(
    all.filter((one) => !ofFiles.includes(one)),
    extension?.resources,
  );
  const saying = (changes: readonly PlannedOperation[]): string => changes.map(describeOperation).join("; ");
  return [
    ...(split.packages.length === 0
      ? []
      : [
          {
            code: "EBG-PENDING-CHANGES",
            severity: "required",
            message: `stack ${name} has changes that belong to no move: ${saying(split.packages)}`,
            remedy: `deploy them first: pulumi up --stack ${name}`,
          } as const,
        ]),
    ...(ofFiles.length === 0 ? [] : [filesFinding(environment, name, saying(ofFiles), makesMember)]),
    ...(split.own.length === 0
      ? []
      : [
          {
            code: "EBG-PENDING-CHANGES",
            severity: "recommended",
            message:
              `stack ${name} has changes of what your own program declares, and no move deploys them: ` +
              saying(split.own),
            remedy: `deploy them when it suits: pulumi up --stack ${name}`,
          } as const,
        ]),
  ];
}

/**
 * The user's own functions fail, or the files of workloads are wrong, and all else can be previewed: only a member that
 * is made needs them.
 */
function ownFinding(
  name: string,
  { message }: DriverError,
  { makesMember, extension, files, rendersFor }: LookOptions,
): Finding {
  const what = [
    ...(extension === undefined ? [] : ["your own program declares"]),
    ...(files === undefined ? [] : ["comes from the workloads' files"]),
  ].join(" or ");
  return {
    code: "EBG-PREFLIGHT",
    severity: makesMember === true ? "required" : "recommended",
    message:
      `what ${what} in ${name} can't be previewed: ${message}` +
      (makesMember === true ? "; the member that is to be made needs it" : "; the moves leave it as it is"),
    remedy:
      `correct the ${files === undefined ? "program" : "files or the program"} ` +
      // A plain preview does not render for another version.
      (rendersFor === undefined ? `(pulumi preview --stack ${name} runs it)` : "and run the same command again"),
  };
}

/** Nothing that moves traffic needs a chart; the controller of a new member does. */
const chartFinding = (name: string, why: string, makesMember: boolean): Finding => ({
  code: "EBG-PREFLIGHT",
  severity: makesMember ? "required" : "recommended",
  message:
    `the chart of ${name}'s controller can't be loaded (${why}); ` +
    (makesMember
      ? "the member that is to be made needs it"
      : "whether the controller has changes to deploy is not known, and the moves leave it as it is"),
  remedy: makesMember
    ? "run the same command again when the chart repository answers, or name another with controller.repository or " +
      "controller.chart; admit, drain and scale need no chart"
    : "none for these moves; eks-blue-green up needs the chart",
});

export interface LookOptions {
  /** What is asked for installs a controller, and can't go on without its chart. */
  readonly makesMember?: boolean;
  /** What the user's own program declares in the stack, as its outputs name it. Absent: nothing. */
  readonly extension?: ExtensionOutputs | undefined;
  /** What the stack has made of workloads' files, or reads of them. Absent: nothing. */
  readonly files?: Pick<WorkloadFilesOutputs, "resources"> | undefined;
  /** Charts of the workloads are to be good for this Kubernetes version too. Absent: for the member's own alone. */
  readonly rendersFor?: string | undefined;
}

/** Changes of a plain update that belong to no move. */
export async function pendingChanges(
  ports: Ports,
  environment: string,
  stack: StackRef,
  options: LookOptions = {},
): Promise<Finding[]> {
  const name = stackName(environment, stack);
  const { makesMember = false, extension, files } = options;
  try {
    const { operations, missing } = await look(ports, stack, options);
    return [
      ...changesFinding(environment, name, operations, options),
      ...(missing === null ? [] : [chartFinding(name, missing, makesMember)]),
    ];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    const without = extension === undefined && files === undefined ? null : await withoutOwn(ports, stack);
    if (without !== null)
      return [...changesFinding(environment, name, without, options), ownFinding(name, error, options)];
    return [
      {
        code: error.code === "EBG-UPDATE-FAILED" ? "EBG-PREFLIGHT" : error.code,
        severity: "required",
        message: `stack ${name} can't be previewed: ${error.message}`,
        remedy: error.remedy,
      },
    ];
  }
}

/** null: that can't be previewed either. */
async function withoutOwn(ports: Ports, stack: StackRef): Promise<readonly PlannedOperation[] | null> {
  try {
    return (await ports.pulumi.preview(stack, { kind: "plain" })).operations;
  } catch (error) {
    if (error instanceof DriverError) return null;
    throw error;
  }
}
