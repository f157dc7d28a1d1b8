/**
 * Every check of `verify`: its stable code, how much it weighs, and what it means when it does not hold. docs/reference/verify.md
 * has the same table.
 */
export type Severity = "required" | "recommended";

export const catalog = {
  "EBG-V-API": [
    "required",
    "API server answers",
    "what runs on this member can't be looked at, and it can be neither drained nor retired",
  ],
  "EBG-V-CRD-FIELD": [
    "required",
    "CRD has multiClusterTargetGroup",
    "the API server drops the flag from every binding, and the controller then deregisters the other members' targets",
  ],
  "EBG-V-CONTROLLER": [
    "required",
    "load balancer controller runs",
    "targets are neither registered nor deregistered while pods come and go",
  ],
  "EBG-V-CONTROLLER-VERSION": [
    "recommended",
    "load balancer controller's version",
    "versions before 3.5.0 have known defects with shared target groups; before 2.10 they have no multi-cluster " +
      "mode at all",
  ],
  "EBG-V-BINDING": [
    "required",
    "bindings follow the placement",
    "an active member without a binding serves nothing; a standby with one takes traffic that the record does " +
      "not know of",
  ],
  "EBG-V-FLAG": [
    "required",
    "bindings carry the multi-cluster flag",
    "the controller deregisters every target that is not its own",
  ],
  "EBG-V-CONFIGMAP": [
    "required",
    "ConfigMap lists the endpoints",
    "what is missing there is never deregistered by the controller; what is too much there may be deregistered " +
      "though another member owns it",
  ],
  "EBG-V-TARGETS": [
    "required",
    "ready endpoints are healthy targets",
    "pods that are ready take no traffic, or the load balancer sends traffic to pods that it should not",
  ],
  "EBG-V-STRAY-TARGETS": [
    "required",
    "every target belongs to a member",
    "a target that nobody lists is deregistered by nobody: it takes traffic until somebody does it by hand",
  ],
  "EBG-V-REQUESTS": ["required", "requests succeed", "clients see failures now"],
  "EBG-V-REACH": [
    "required",
    "every active member answers",
    "the load balancer sends a member none of the traffic that its healthy targets should get",
  ],
  "EBG-V-WEIGHTS": [
    "required",
    "weights are the record's",
    "members get other parts of the requests than the record says, and a group that no rule lists has no health checks",
  ],
  "EBG-V-SPREAD": [
    "recommended",
    "traffic is spread by targets, or by weights",
    "a member gets more or less than its share of healthy targets, or than its weight; planned capacity does not hold",
  ],
  "EBG-V-DELETION-PROTECTION": [
    "required",
    "deletion protection is on",
    "one call deletes the load balancer with everybody's traffic",
  ],
  "EBG-V-PROTECTION-ANNOTATION": [
    "required",
    "protection is in the Service's annotation",
    "set in AWS alone it is switched off by the controller when the Service is deleted, and the load balancer " +
      "goes with everybody's targets",
  ],
  "EBG-V-TAGS": [
    "recommended",
    "tags are the stack's",
    "what looks for it by its tags does not find it; with a controller's tags on it, that controller takes it " +
      "for its own and may delete it",
  ],
  "EBG-V-SG-EGRESS": [
    "required",
    "load balancer may reach the pods",
    "targets turn unhealthy, and all flows to them end",
  ],
  "EBG-V-SG-INGRESS": ["required", "pods admit the load balancer", "targets turn unhealthy, and all flows to them end"],
  "EBG-V-EXTERNAL": [
    "required",
    "a workload from files, or of somebody else's, is there and ready",
    "the member can't serve, or can't be let in",
  ],
  "EBG-V-EXTERNAL-IMAGES": [
    "recommended",
    "members run the same images of it",
    "users get another program by the member that they meet, and a member that stands by is not let in",
  ],
  "EBG-V-CREDENTIALS": [
    "required",
    "pods have the credentials of their role",
    "their calls to AWS fail, or are made with the nodes' role; EKS gives credentials only while it admits a pod",
  ],
  "EBG-V-REPLICAS": ["required", "two replicas or more", "one pod alone is an outage whenever its node goes"],
  "EBG-V-REPLICAS-DRIFT": [
    "recommended",
    "replicas are the config's",
    "somebody scaled it by hand: the next move that scales it is refused as a conflict, and capacity planned by " +
      "the config does not hold",
  ],
  "EBG-V-READINESS-PROBE": ["required", "readiness probe", "pods are registered before they can answer"],
  "EBG-V-PRESTOP": [
    "required",
    "preStop outlasts the load balancer's lag",
    "a load balancer goes on sending to a deregistered pod for a minute or more, an NLB for minutes; a pod that ends earlier refuses it",
  ],
  "EBG-V-GRACE": [
    "required",
    "grace period outlasts preStop",
    "the kubelet kills the pod while it still answers what it has accepted",
  ],
  "EBG-V-DEREGISTRATION-DELAY": [
    "recommended",
    "deregistration delay fits the grace period",
    "the load balancer keeps flows open to a pod that was killed meanwhile, or cuts them early",
  ],
  "EBG-V-PDB": ["recommended", "disruption budget", "node drains may stop all pods of a member at once"],
  "EBG-V-TOPOLOGY": [
    "recommended",
    "pods are spread",
    "one node or zone that fails takes all pods of the member with it",
  ],
  "EBG-V-READINESS-GATES": [
    "recommended",
    "readiness gates",
    "a rolling update stops old pods before the load balancer sees the new ones healthy",
  ],
} as const satisfies Record<string, readonly [Severity, string, string]>;

export type VerifyCode = keyof typeof catalog;

/** `unknown`: it could not be made; `skipped`: it does not apply here, and why. */
export type CheckStatus = "passed" | "failed" | "unknown" | "skipped";

/** One check of `verify`, with its result. */
export interface Check {
  readonly code: VerifyCode;
  readonly status: CheckStatus;
  readonly severity: Severity;
  /** `blue`, `blue/web`, `web`, or the environment's name. */
  readonly subject: string;
  readonly title: string;
  /** What was seen, with the figures. */
  readonly message: string;
  /** What it means when it does not hold. */
  readonly meaning: string;
  /** null when it passed. */
  readonly remedy: string | null;
  readonly figures?: Readonly<Record<string, number | string>>;
}

type Figures = Readonly<Record<string, number | string>>;

function check(
  status: CheckStatus,
  code: VerifyCode,
  subject: string,
  message: string,
  remedy: string | null,
  more: { readonly severity?: Severity; readonly figures?: Figures } = {},
): Check {
  const [severity, title, meaning] = catalog[code];
  return {
    code,
    status,
    severity: more.severity ?? severity,
    subject,
    title,
    message,
    meaning,
    remedy,
    ...(more.figures === undefined ? {} : { figures: more.figures }),
  };
}

export const ok = (code: VerifyCode, subject: string, message: string, figures?: Figures): Check =>
  check("passed", code, subject, message, null, figures === undefined ? {} : { figures });
export const bad = (
  code: VerifyCode,
  subject: string,
  message: string,
  remedy: string,
  more: { readonly severity?: Severity; readonly figures?: Figures } = {},
): Check => check("failed", code, subject, message, remedy, more);
export const unknown = (code: VerifyCode, subject: string, why: string, remedy: string, figures?: Figures): Check =>
  check("unknown", code, subject, why, remedy, figures === undefined ? {} : { figures });
export const skipped = (code: VerifyCode, subject: string, why: string): Check =>
  check("skipped", code, subject, why, null);
