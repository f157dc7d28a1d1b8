/** Which program stands in for which image. */
import type { LbcMode } from "../../contract";
import type { ContainerSpec, Pod } from "../../kubernetes/types";

export type ProgramChoice =
  /** The sandbox's own image: probes of ports that it doesn't serve fail, as for real. */
  | "echo"
  /** Somebody's own image that declares ports: serves like echo, but only its declared ports can be judged. */
  | "echo-for-foreign-image"
  | "controller"
  /** A controller's pod whose work somebody's own process does. */
  | "attached"
  | "inert"
  /** Ends at once with success. */
  | "completes";

const ECHO_IMAGE = /(^|\/)eks-blue-green\/echo(:|@|$)/;

export function chooseProgram(pod: Pod, container: ContainerSpec, role: "init" | "main", lbc: LbcMode): ProgramChoice {
  const image = container.image ?? "";
  if (role === "init" && container.restartPolicy !== "Always") return "completes";
  if (ECHO_IMAGE.test(image)) return "echo";
  if (image.includes("aws-load-balancer-controller")) return lbc === "external" ? "attached" : "controller";
  const serves = (container.ports ?? []).some((p) => (p.protocol ?? "TCP") === "TCP");
  const runsForever = (pod.spec.restartPolicy ?? "Always") === "Always";
  const isJob = pod.metadata.ownerReferences?.some((o) => o.kind === "Job") ?? false;
  if (isJob || (!runsForever && !serves)) return "completes";
  return serves ? "echo-for-foreign-image" : "inert";
}
