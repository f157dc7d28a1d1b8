/** RFC 6902; `test` makes a patch fail when somebody else was faster. */
export interface JsonPatchOperation {
  readonly op: "test" | "remove" | "replace" | "add";
  readonly path: string;
  readonly value?: unknown;
}
