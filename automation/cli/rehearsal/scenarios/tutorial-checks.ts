/**
 * The seeds' verifications, made with the seeds' own commands (kubectl, the AWS CLI) and judged instead of read by a
 * person.
 */
import type { RehearsalStage, Seen } from "../stage";

/** A Service of type LoadBalancer and the cluster that it is in, by its kubectl context. */
export interface Primary {
  readonly context: string;
  readonly namespace: string;
  readonly service: string;
}
export interface Secondary {
  readonly context: string;
  readonly namespace: string;
  readonly binding: string;
}

interface BindingList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly multiClusterTargetGroup?: boolean; readonly targetGroupARN: string };
  }[];
}

export interface GeneratedBinding {
  readonly name: string;
  readonly flag: boolean;
  readonly targetGroupArn: string;
}

const kubectl = (context: string, namespace: string | null, ...args: string[]): string[] => [
  "--context",
  context,
  ...(namespace === null ? [] : ["-n", namespace]),
  ...args,
];

/** The bindings that the controller made for a Service, found as the seeds find them: by its label. */
export async function generatedBindings(
  stage: RehearsalStage,
  { context, namespace, service }: Primary,
): Promise<readonly GeneratedBinding[]> {
  const { items } = await stage.json<BindingList>(
    "kubectl",
    kubectl(
      context,
      namespace,
      "get",
      "targetgroupbinding",
      "-l",
      `service.k8s.aws/stack-name=${service}`,
      "-o",
      "json",
    ),
  );
  return items.map(({ metadata, spec }) => ({
    name: metadata.name,
    flag: spec.multiClusterTargetGroup === true,
    targetGroupArn: spec.targetGroupARN,
  }));
}

/** `kubectl explain targetGroupBinding.spec.multiClusterTargetGroup` */
export async function crdHasField(stage: RehearsalStage, context: string): Promise<Seen> {
  const text = await stage.command(
    "kubectl",
    kubectl(context, null, "explain", "targetGroupBinding.spec.multiClusterTargetGroup"),
  );
  const field = /FIELD:\s+(multiClusterTargetGroup.*)/.exec(text)?.[1];
  return {
    holds: field !== undefined,
    seen: field === undefined ? "the CRD lacks it" : `${context}: ${field.replace(/\s+/g, " ")}`,
  };
}

/** `kubectl get targetgroupbinding -l service.k8s.aws/stack-name=…`: every one says true. */
export async function flagIsOn(stage: RehearsalStage, primary: Primary): Promise<Seen> {
  const bindings = await generatedBindings(stage, primary);
  return {
    holds: bindings.length > 0 && bindings.every(({ flag }) => flag),
    seen: bindings.length === 0 ? "no binding" : bindings.map(({ name, flag }) => `${name} ${flag}`).join(", "),
  };
}

interface PodList {
  readonly items: readonly {
    readonly status: {
      readonly podIP?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

async function readyPods(stage: RehearsalStage, context: string, namespace: string): Promise<readonly string[]> {
  const { items } = await stage.json<PodList>("kubectl", kubectl(context, namespace, "get", "pods", "-o", "json"));
  return items
    .filter(({ status }) => status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"))
    .map(({ status }) => status.podIP ?? "")
    .sort();
}

/** `kubectl get cm aws-lbc-targets-…`: it lists exactly the ready pods of the namespace. */
export async function configMapsListPods(
  stage: RehearsalStage,
  where: { readonly context: string; readonly namespace: string; readonly bindings: readonly string[] },
): Promise<Seen> {
  const { context, namespace, bindings } = where;
  const pods = await readyPods(stage, context, namespace);
  const lists = await Promise.all(
    bindings.map(async (name) => {
      const { data } = await stage.json<{ data?: { targets?: string } }>(
        "kubectl",
        kubectl(context, namespace, "get", "configmap", `aws-lbc-targets-${name}`, "-o", "json"),
      );
      return (data?.targets ?? "")
        .split(",")
        .filter((one) => one !== "")
        .sort();
    }),
  );
  const right = lists.every(
    (list) => JSON.stringify(list.map((one) => one.replace(/:\d+$/, "")).sort()) === JSON.stringify(pods),
  );
  return {
    holds: bindings.length > 0 && pods.length > 0 && right,
    seen: bindings.map((name, index) => `aws-lbc-targets-${name} = ${lists[index]?.join(",") ?? ""}`).join("; "),
  };
}

/** A Deployment with all its pods ready, and a Service of a type. */
export async function workloadRuns(
  stage: RehearsalStage,
  {
    context,
    namespace,
    deployment,
    service,
  }: { readonly context: string; readonly namespace: string; readonly deployment: string; readonly service: string },
  type: string,
): Promise<Seen> {
  const found = await stage.json<{ spec: { replicas: number }; status: { readyReplicas?: number } }>(
    "kubectl",
    kubectl(context, namespace, "get", "deployment", deployment, "-o", "json"),
  );
  const svc = await stage.json<{ spec: { type: string } }>(
    "kubectl",
    kubectl(context, namespace, "get", "service", service, "-o", "json"),
  );
  const ready = found.status.readyReplicas ?? 0;
  return {
    holds: ready > 0 && ready === found.spec.replicas && svc.spec.type === type,
    seen: `deployment/${deployment} ${ready} of ${found.spec.replicas} ready, service/${service} is ${svc.spec.type}`,
  };
}

interface Health {
  readonly TargetHealthDescriptions: readonly {
    readonly Target: { readonly Id: string; readonly Port: number };
    readonly TargetHealth: { readonly State: string };
  }[];
}

/** `aws elbv2 describe-target-health`: every ready pod of every cluster is a healthy target, and nothing else is. */
export async function targetsAreHealthy(
  stage: RehearsalStage,
  targetGroupArns: readonly string[],
  clusters: readonly { readonly context: string; readonly namespace: string }[],
): Promise<Seen> {
  const pods = await Promise.all(
    clusters.map(async ({ context, namespace }) => ({ context, ips: await readyPods(stage, context, namespace) })),
  );
  const groups = await Promise.all(
    targetGroupArns.map(async (arn) => {
      const { TargetHealthDescriptions } = await stage.json<Health>("aws", [
        "elbv2",
        "describe-target-health",
        "--target-group-arn",
        arn,
        "--output",
        "json",
      ]);
      return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth.State !== "draining")
        .map(({ Target, TargetHealth }) => `${Target.Id} ${TargetHealth.State}`)
        .sort();
    }),
  );
  const wanted = JSON.stringify(pods.flatMap(({ ips }) => ips.map((ip) => `${ip} healthy`)).sort());
  const holds =
    groups.length > 0 &&
    pods.every(({ ips }) => ips.length > 0) &&
    groups.every((group) => JSON.stringify(group) === wanted);
  const counts = pods
    .map(
      ({ context, ips }) =>
        `${context} ` +
        `${groups.map((group) => group.filter((one) => ips.some((ip) => one === `${ip} healthy`)).length).join("+")} ` +
        `of ${ips.length}`,
    )
    .join(", ");
  return {
    holds,
    seen: `healthy targets: ${counts}${holds ? "" : ` (${groups.map((group) => group.join(", ")).join("; ")})`}`,
  };
}

interface VerifyAnswer {
  readonly verdict: string;
  readonly checks: readonly { readonly status: string; readonly severity: string }[];
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly status: string;
    readonly subject: string;
    readonly message: string;
  }[];
  readonly traffic: readonly { readonly group: string; readonly member: string; readonly answers: number | null }[];
}

/**
 * `ab -n 1000 -c 40` and the pods' logs: `eks-blue-green verify` sends the requests, counts who answered and tests the
 * spread.
 */
export async function verifyIsGood(stage: RehearsalStage, requests = 1000): Promise<Seen> {
  const answer = await stage.verify<VerifyAnswer>(requests);
  const required = answer.findings.filter(({ severity }) => severity === "required");
  const spread = answer.traffic.map(({ group, member, answers }) => `${group}: ${member} ${answers ?? "?"}`).join(", ");
  const passed = answer.checks.filter(({ status }) => status === "passed").length;
  return {
    holds: answer.verdict === "good",
    seen:
      required.length > 0
        ? required.map(({ code, subject, message }) => `${code} ${subject}: ${message}`).join("; ")
        : `${passed} checks passed; ${spread}`,
  };
}
