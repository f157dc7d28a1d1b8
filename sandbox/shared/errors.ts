/**
 * Errors of the sandbox, in the shape of the driver's: `{code, message, remedy, cause}`. Codes begin with `SBX-` and
 * are in docs/reference/errors.md.
 */
export class SandboxError extends Error {
  readonly code: `SBX-${string}`;
  readonly remedy: string;
  constructor(code: `SBX-${string}`, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SandboxError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** Why EKS calls a change of nodes failed: `PodEvictionFailure`, `NodeCreationFailure`. */
export class NodeFailure extends Error {
  constructor(
    readonly code: "PodEvictionFailure" | "NodeCreationFailure",
    message: string,
    readonly nodes: readonly string[],
  ) {
    super(message);
    this.name = "NodeFailure";
  }
}
