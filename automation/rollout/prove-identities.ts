/**
 * After workloads were deployed: pods whose service account has a role get its credentials only while they are admitted,
 * and EKS spreads a new association within seconds. So those of pods are looked for, and pods that were made too early
 * are made once more, behind healthy ones; but for pods of a workload that others write, or files.
 */
import { DriverError } from "../errors";
import type { Ports } from "../ports";
import type { MemberOutputs } from "../../stacks/contract";
import { listing } from "../gates/gate-result";

/** Of AWS's time. A rolling restart waits until the load balancer sees each new pod healthy, batch by batch. */
const patienceSeconds = { beforeRestart: 30, afterRestart: 3600 };
const pauseSeconds = 5;
/** Real: pods are rolled at Kubernetes' own speed. */
const leastMs = 5_000;
const leastRestartMs = 120_000;

export interface IdentityRun {
  /** Marks the restart, so that a second one with it does nothing. */
  readonly token: string;
  readonly stop: AbortSignal;
  tell(status: "waiting" | "passed" | "failed", reason: string, message: string, remedy: string | null): void;
  /** What a stop ends with. */
  stopped(): Error;
}

interface WithIdentity {
  readonly namespace: string;
  /** null: the workload is not of this package's making. */
  readonly deployment: string | null;
  readonly account: string;
  readonly selector: Readonly<Record<string, string>>;
}

/** Each workload once, though several target groups may lead to it. */
export function identitiesWanted({ services }: Pick<MemberOutputs, "services">): WithIdentity[] {
  const wanted = Object.values(services).flatMap(({ namespace, deployment, awsIdentity, selector }) =>
    awsIdentity === undefined ? [] : [{ namespace, deployment, account: awsIdentity, selector }],
  );
  const key = (one: WithIdentity): string => `${one.namespace}/${one.deployment ?? ""}/${one.account}`;
  return wanted.filter((one, index) => wanted.findIndex((other) => key(other) === key(one)) === index);
}

/** @throws EBG-GATE, what `run.stopped` makes */
export async function proveIdentities(
  ports: Pick<Ports, "clock" | "kubernetes">,
  member: MemberOutputs,
  run: IdentityRun,
): Promise<void> {
  for (const one of identitiesWanted(member)) await prove(ports, member, one, run);
}

async function prove(
  { clock, kubernetes }: Pick<Ports, "clock" | "kubernetes">,
  member: MemberOutputs,
  { namespace, deployment, account, selector }: WithIdentity,
  run: IdentityRun,
): Promise<void> {
  const name = member.member;
  const what = deployment === null ? `namespace ${namespace} on ${name}` : `${namespace}/${deployment} on ${name}`;
  let restarted = false;
  let told = "";
  let until = clock.now() + Math.max(clock.scaled(patienceSeconds.beforeRestart), leastMs);
  for (;;) {
    const seen = await unlessSilent(() => kubernetes.podIdentities(member, namespace, selector, account));
    if ("silent" in seen) {
      // Its API server may be away for a moment, and a rolling restart goes on meanwhile.
      const message = `whether pods of ${what} have credentials is not known: ${seen.silent.message}`;
      if (clock.now() >= until) throw new DriverError("EBG-GATE", message, seen.silent.remedy, seen.silent);
      if (message !== told) run.tell("waiting", "api-server", message, null);
      told = message;
      await pause(clock, run);
      continue;
    }
    const { given, lacking } = seen;
    if (lacking.length === 0)
      return run.tell(
        "passed",
        "passed",
        given.length === 0
          ? `no pod of ${what} runs whose credentials could be looked at`
          : `pods of ${what} have the credentials of their role`,
        null,
      );
    const lacks = `${listing(lacking)} of ${what} got no credentials for ServiceAccount ${account}`;
    if (lacks !== told) run.tell("waiting", "no-credentials", lacks, null);
    told = lacks;
    if (clock.now() >= until) {
      if (restarted || deployment === null) throw failure(member, lacks, { namespace, deployment, account }, run);
      restarted = true;
      run.tell(
        "waiting",
        "restart",
        `${lacks}; its pods are made anew once, because EKS gives credentials only when it admits a pod`,
        null,
      );
      await kubernetes.restartDeployment(member, namespace, deployment, run.token);
      until = clock.now() + Math.max(clock.scaled(patienceSeconds.afterRestart), leastRestartMs);
    }
    await pause(clock, run);
  }
}

/** @throws what `run.stopped` makes */
async function pause(clock: Ports["clock"], run: IdentityRun): Promise<void> {
  if (run.stop.aborted) throw run.stopped();
  await clock.sleep(Math.max(clock.scaled(pauseSeconds), 500), run.stop);
  if (run.stop.aborted) throw run.stopped();
}

/** What it answers, or how the member's API server did not. */
async function unlessSilent<T extends object>(look: () => Promise<T>): Promise<T | { readonly silent: DriverError }> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof DriverError && error.code === "EBG-MEMBER-UNREACHABLE") return { silent: error };
    throw error;
  }
}

function failure(
  member: MemberOutputs,
  lacks: string,
  { namespace, deployment, account }: Pick<WithIdentity, "namespace" | "deployment" | "account">,
  run: IdentityRun,
): DriverError {
  const message =
    deployment === null
      ? `${lacks}; EKS gives them only when it admits a pod, and who deploys these pods makes them anew`
      : `${lacks}, though its pods were made anew`;
  const remedy =
    `see whether EKS knows the association (aws eks list-pod-identity-associations --cluster-name ` +
    `${member.clusterName} --namespace ${namespace} --service-account ${account}) and whether the cluster has the ` +
    `add-on eks-pod-identity-agent; then kubectl -n ${namespace} rollout restart ` +
    `${deployment === null ? "deployment/NAME (whatever makes the pods)" : `deployment/${deployment}`}, and run the same command again`;
  run.tell("failed", "no-credentials", message, remedy);
  return new DriverError("EBG-GATE", message, remedy);
}
