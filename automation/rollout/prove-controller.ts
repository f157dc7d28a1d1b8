/**
 * After a member was provisioned: its controller is ready without credentials for AWS as well, and its pods get those
 * only while they are admitted. So it has to prove that it can call AWS, and is restarted once when it can't.
 */
import { stopRequested, GateFailed } from "./interruptions";
import type { ControllerProof } from "../ports";
import type { MemberOutputs } from "../../stacks/contract";
import type { Session } from "./session";

/** Of AWS's time: an association of EKS Pod Identity spreads within seconds, a webhook's certificate within a minute. */
const patienceSeconds = { beforeRestart: 60, afterRestart: 180 };
const pauseSeconds = 5;
/** Real: pods are rolled at Kubernetes' own speed. */
const leastMs = 20_000;

export interface ProofTarget {
  readonly namespace: string;
  readonly targetGroupArn: string;
}

/** The first target group that the member has somewhere to bind; null: nothing can be tried yet. */
export function proofTargetOf({
  services,
  controller,
}: Pick<MemberOutputs, "services" | "controller">): ProofTarget | null {
  const bindable = Object.values(services).filter(({ targetGroupArn }) => targetGroupArn !== null);
  // The namespace of an external workload is there when its owner has made it; the controller's own always is.
  const own = bindable.find(({ workload }) => workload !== "external");
  const targetGroupArn = (own ?? bindable[0])?.targetGroupArn ?? null;
  return targetGroupArn === null ? null : { namespace: own?.namespace ?? controller.namespace, targetGroupArn };
}

const remedyOf = (member: MemberOutputs): string =>
  "look at what the controller's role may do and whether EKS knows its association: aws eks " +
  `list-pod-identity-associations --cluster-name ${member.clusterName}; its log: kubectl -n ` +
  `${member.controller.namespace} logs deployment/${member.controller.deployment}; then run the same command again`;

const oldDefinition =
  "the cluster's definition of TargetGroupBindings is older than the controller (Helm never upgrades it): kubectl " +
  'apply -k "github.com/aws/eks-charts/stable/aws-load-balancer-controller/crds", then run the same command again';

/** @throws GateFailed, Stop */
export async function proveController(session: Session, index: number, name: string): Promise<void> {
  const member = session.members[name];
  const target = member === undefined ? null : proofTargetOf(member);
  if (member === undefined || target === null) return;
  const { clock, kubernetes } = session.ports;
  const { emit, stop, commandName } = session.options;
  const gate = `${name}'s controller can call AWS`;
  const tell = (status: "waiting" | "passed" | "failed", reason: string, message: string, remedy: string | null) =>
    emit({ kind: "gate", index, gate, status, reason, message, remedy });
  let restarted = false;
  let until = clock.now() + Math.max(clock.scaled(patienceSeconds.beforeRestart), leastMs);
  let told = "";
  for (;;) {
    const proof: ControllerProof = await kubernetes.proveController(member, target.namespace, target.targetGroupArn);
    switch (proof.kind) {
      case "proven":
        return tell("passed", "passed", `${name}'s controller can call AWS`, null);
      case "not-permitted":
        // Said, not held against the member: who may only look can't try anything out.
        return tell(
          "passed",
          "not-proven",
          `whether ${name}'s controller can call AWS was not tried: ${proof.message}`,
          "permit creating targetgroupbindings, of which only a dry run is made (docs/reference/permissions.md)",
        );
      case "old-definition":
        tell("failed", "old-definition", `${name}: ${proof.message}`, oldDefinition);
        throw new GateFailed("EBG-GATE", `${gate}: ${proof.message}`, oldDefinition);
      case "refused":
      case "unanswered":
        break;
      default:
        proof satisfies never;
    }
    const line = `${proof.kind} ${proof.message}`;
    if (line !== told) tell("waiting", `controller-${proof.kind}`, `${name}'s controller: ${proof.message}`, null);
    told = line;
    if (clock.now() >= until) {
      // The controller of a cluster that brought its own is somebody else's to restart.
      if (restarted || member.controller.roleName == null) {
        const message = `${gate}: it can't${restarted ? ", though it was restarted" : ""}: ${proof.message}`;
        tell("failed", "no-credentials", message, remedyOf(member));
        throw new GateFailed("EBG-GATE", message, remedyOf(member));
      }
      restarted = true;
      emit({
        kind: "note",
        message:
          `${name}'s controller can't call AWS (${proof.message}); it is restarted once, because pods get their ` +
          "credentials only when they are made",
      });
      await kubernetes.restartController(member, `${session.record.revision}-${index}-proof`);
      until = clock.now() + Math.max(clock.scaled(patienceSeconds.afterRestart), 3 * leastMs);
    }
    if (stop.aborted) throw stopRequested(commandName);
    await clock.sleep(Math.max(clock.scaled(pauseSeconds), 500), stop);
    if (stop.aborted) throw stopRequested(commandName);
  }
}
