/** Credentials of AWS that EKS gives to pods of a service account. */
import type { MemberOutputs } from "../../stacks/contract";

/** Names of pods, by whether EKS gave them credentials. */
export interface PodIdentities {
  readonly given: readonly string[];
  readonly lacking: readonly string[];
}

export interface PodIdentityPort {
  /** Pods that run as this ServiceAccount, without those that end or have ended. */
  podIdentities(
    member: MemberOutputs,
    namespace: string,
    selector: Readonly<Record<string, string>>,
    account: string,
  ): Promise<PodIdentities>;
  /** Rolls the pods; `token` marks the restart, so that a second call with it does nothing. */
  restartDeployment(member: MemberOutputs, namespace: string, name: string, token: string): Promise<void>;
}
