/** The command that turns a load balancer's deletion protection on by its Service's annotation, keeping its others. */
import {
  attributesAnnotation,
  requiredAttributes,
  withAttributes,
} from "../../components/internal/service-annotations";
import { kubectl } from "./kubectl";
import { isPlainValue, shell } from "./shell";

export function annotateProtection(
  clusterName: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  annotations: Readonly<Record<string, string>>,
): string {
  const value = withAttributes(annotations[attributesAnnotation], requiredAttributes);
  const service = kubectl(clusterName) + shell` -n ${namespace}`;
  // Whoever may write the Service wrote it. Nobody shall paste what no load balancer has.
  if (!isPlainValue(value))
    return (
      `its value has characters that no attribute of a load balancer has: look at it (${service}${shell` get service ${name} -o yaml`}) and write it anew ` +
      "with deletion_protection.enabled=true"
    );
  return `${service}${shell` annotate --overwrite service ${name} ${`${attributesAnnotation}=${value}`}`}`;
}
