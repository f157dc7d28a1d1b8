/** Objects that must be there and well before a member is let in. */
import * as pulumi from "@pulumi/pulumi";
import type { ObjectReference } from "../contract";
import type { ClusterObject, ObjectResource } from "./types";

const isResource = (value: unknown): value is pulumi.Resource => pulumi.Resource.isInstance(value);

/** @throws Error when it is no Kubernetes object */
function referenceTo(marked: ObjectResource | ClusterObject): pulumi.Output<ObjectReference> {
  const { apiVersion, kind } = marked;
  if (apiVersion === undefined || kind === undefined) {
    const what = isResource(marked) ? ` (${(marked as { __pulumiType?: string }).__pulumiType ?? "a component"})` : "";
    throw new Error(
      `beforeAdmission was given something that is no Kubernetes object${what}. What else the function declares is ` +
        "there when the member is made. Of a chart or a component name the objects themselves: " +
        '{ apiVersion: "apps/v1", kind: "Deployment", namespace: "…", name: "…" }',
    );
  }
  const names = "metadata" in marked ? marked.metadata : { name: marked.name, namespace: marked.namespace };
  return pulumi.output({ apiVersion, kind, names }).apply(({ names: { name, namespace }, ...rest }) => ({
    ...rest,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  }));
}

/** Collects them. */
export class Marks {
  private readonly marked: pulumi.Output<ObjectReference>[] = [];

  readonly add = (...objects: readonly (ObjectResource | ClusterObject)[]): void => {
    this.marked.push(...objects.map(referenceTo));
  };

  get references(): pulumi.Output<ObjectReference[]> {
    return pulumi.all(this.marked) as pulumi.Output<ObjectReference[]>;
  }
}
