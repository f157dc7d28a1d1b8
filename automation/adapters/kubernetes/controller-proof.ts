/** Whether a member's load balancer controller can call AWS: its own webhook has to, for a binding that is tried out. */
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import type { ControllerProof } from "../../ports";
import { call } from "./client";

const proofName = "eks-blue-green-proof";

/**
 * What the API server and its webhooks say. The controller's mutating webhook asks AWS for what a new binding leaves
 * out; its validating one comes after it, so what that one has against the binding proves the call to AWS as well.
 */
export function judgeProof(status: number, message: string): ControllerProof {
  if (status === 201 || status === 200) return { kind: "proven" };
  const webhook = /admission webhook "([^"]+)" denied the request: ([^]*)/.exec(message);
  if (webhook !== null) {
    const [, name = "", why = ""] = webhook;
    const aboutAws =
      /AccessDenied|not authorized|credential|StatusCode: 4|InvalidClientToken|ExpiredToken|\bsts\b/i.test(why);
    return aboutAws || name.startsWith("mtargetgroupbinding")
      ? { kind: "refused", message: why.trim() }
      : { kind: "proven" };
  }
  if (/unknown field|field not declared/.test(message)) return { kind: "old-definition", message };
  if (status === 403 || status === 401) return { kind: "not-permitted", message };
  return { kind: "unanswered", message: `${status} ${message}`.trim() };
}

/** Nothing is made: the API server asks its webhooks, and forgets the object. */
export async function proveController(
  member: MemberOutputs,
  namespace: string,
  targetGroupArn: string,
): Promise<ControllerProof> {
  const path =
    `/apis/elbv2.k8s.aws/v1beta1/namespaces/${namespace}/targetgroupbindings` +
    "?dryRun=All&fieldValidation=Strict&fieldManager=eks-blue-green-proof";
  const text = JSON.stringify({
    apiVersion: "elbv2.k8s.aws/v1beta1",
    kind: "TargetGroupBinding",
    metadata: { name: proofName, namespace },
    // Target type and VPC are left out: so the webhook has to ask for them.
    spec: { targetGroupARN: targetGroupArn, multiClusterTargetGroup: true, serviceRef: { name: proofName, port: 80 } },
  });
  try {
    const answer = await call(member, "POST", path, { type: "application/json", text });
    return judgeProof(answer.status, messageOf(answer.body));
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return judgeProof(error.code === "EBG-KUBERNETES" ? 403 : 0, error.message);
  }
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message ?? body).slice(0, 600);
  } catch {
    return body.slice(0, 600);
  }
}
