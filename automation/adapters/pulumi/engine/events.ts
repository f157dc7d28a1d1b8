/** From the engine's event stream: planned operations, error diagnostics, and the count of changes. */
import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { PlannedOperation } from "../../../ports";
import type { Diagnostic } from "./words";

/**
 * How AWS, Kubernetes, Helm and the providers' own checks say that it is there: of an access entry or a name "in use"
 * is said, of a load balancer with other settings that one of that name "exists".
 */
const thereAlready =
  /already exists|already in use|name that is still in use|already associated|\bexists, but with different\b|EntityAlreadyExists|Duplicate(LoadBalancer|TargetGroup)Name/i;

/** A creation that was refused because the object is there already. */
export interface Collision {
  readonly urn: string;
  readonly type: string;
  readonly inputs: Record<string, unknown>;
  readonly parent: string;
  readonly provider: string;
}

export class EventCollector {
  readonly operations: PlannedOperation[] = [];
  readonly diagnostics: Diagnostic[] = [];
  changes: Record<string, number> = {};
  /** Creations that were refused because the object is there already. */
  readonly collisions: Collision[] = [];
  private readonly creating = new Map<string, Collision>();

  readonly listen = (event: EngineEvent): void => {
    const step = event.resourcePreEvent?.metadata;
    if (step !== undefined && step.op !== "same") {
      const parent = step.new?.parent ?? step.old?.parent;
      const paths = Object.keys(step.detailedDiff ?? {});
      this.operations.push({
        operation: step.op,
        type: step.type,
        urn: step.urn,
        paths: paths.length > 0 ? paths : [...(step.diffs ?? [])],
        custom: step.new?.custom ?? step.old?.custom ?? false,
        ...(parent ? { parent } : {}),
        ...((step.old?.initErrors ?? []).length > 0 ? { incomplete: true as const } : {}),
      });
    }
    if (step?.op === "create" && step.new !== undefined)
      this.creating.set(step.urn, {
        urn: step.urn,
        type: step.type,
        inputs: step.new.inputs ?? {},
        parent: step.new.parent,
        provider: step.new.provider,
      });
    const diagnostic = event.diagnosticEvent;
    const refused =
      diagnostic?.severity === "error" && thereAlready.test(diagnostic.message)
        ? this.creating.get(diagnostic.urn ?? "")
        : undefined;
    if (refused !== undefined) this.collisions.push(refused);
    if (diagnostic !== undefined && diagnostic.severity === "error") {
      // Messages carry the engine's colour tags, as <{%reset%}>.
      const text = diagnostic.message.replace(/<\{%[^%]*%\}>/g, "").trim();
      this.diagnostics.push({ text, urn: diagnostic.urn ?? "" });
    }
    const summary = event.summaryEvent;
    if (summary !== undefined) this.changes = Object.fromEntries(Object.entries(summary.resourceChanges ?? {}));
  };
}
