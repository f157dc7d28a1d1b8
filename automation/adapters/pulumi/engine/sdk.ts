/** Pulumi's SDK as the project has it, without what no driver needs of it. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as PulumiSdk from "@pulumi/pulumi";
import type * as Automation from "@pulumi/pulumi/automation";
import type { Project } from "../project/program";
import { withLateModules } from "./late-modules";

/**
 * What the SDK loads to make a cloud function of a closure: the TypeScript compiler, and npm's package tree with all
 * that it needs to talk to a registry. Hardly any program has such a function, and both are two thirds of the time that
 * the SDK takes to load (Node 20: 0.68 of 0.93 CPU seconds).
 */
const forClosures = [/^typescript$/, /\/typescript\.js$/, /^@npmcli\/arborist$/];

interface Debuggable {
  debugPromiseLeaks: boolean;
  debuggablePromise: ((promise: Promise<unknown>, context: unknown) => Promise<unknown>) & { tracesNothing?: true };
}

/**
 * The SDK writes down where each of its promises was made, thousands in a program of ours, and shows that only with
 * `PULUMI_DEBUG_PROMISE_LEAKS`. Without it the place is not looked up; errors keep their stack traces.
 */
export function withoutPromiseTraces(load: NodeJS.Require): void {
  let debuggable: Debuggable;
  try {
    debuggable = load("@pulumi/pulumi/runtime/debuggable") as Debuggable;
  } catch {
    return;
  }
  const { debuggablePromise: traced, debugPromiseLeaks } = debuggable;
  if (debugPromiseLeaks || typeof traced !== "function" || traced.tracesNothing) return;
  const untraced = (promise: Promise<unknown>, context: unknown): Promise<unknown> => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return traced(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  debuggable.debuggablePromise = Object.assign(untraced, { tracesNothing: true } as const);
}

export interface ProjectSdk {
  readonly sdk: typeof PulumiSdk;
  readonly automation: typeof Automation;
  /** Loads other modules of the same copy. */
  readonly load: NodeJS.Require;
}

/**
 * Looked up from the program, which need not be beside Pulumi.yaml (a rehearsal's is elsewhere): it runs in this process
 * and must meet the engine through its own copy of the SDK.
 */
export function loadSdk(project: Project): ProjectSdk {
  let load = createRequire(join(project.main, "package.json"));
  try {
    load.resolve("@pulumi/pulumi/automation");
  } catch {
    load = createRequire(__filename);
  }
  const loaded = withLateModules("@pulumi/pulumi", forClosures, () => ({
    automation: load("@pulumi/pulumi/automation") as typeof Automation,
    sdk: load("@pulumi/pulumi") as typeof PulumiSdk,
    load,
  }));
  withoutPromiseTraces(load);
  return loaded;
}
