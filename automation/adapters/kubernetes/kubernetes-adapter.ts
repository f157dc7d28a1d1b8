/** The Kubernetes port: a handful of reads, straight against each member's API server. */
import type { MemberOutputs } from "../../../stacks/contract";
import { compareVersions } from "../../../stacks/record";
import { DriverError } from "../../errors";
import type { Binding, ControllerState, DeploymentState, KubernetesPort } from "../../ports";
import { controllerStateOf, deploymentStateOf, holds, type Condition, type DeploymentObject } from "./deployment-state";
import { proveController } from "./controller-proof";
import { externalWorkload, readObjects } from "./external-workload";
import { nodeTargets } from "./node-targets";
import { podIdentities, restartDeployment } from "./pod-identities";
import { hasEnded, labelSelector } from "./pods";
import * as services from "./services";
import { closeLookups } from "./cluster-lookup";
import { closeConnections, get, getList, getObject } from "./client";
import { shell } from "../../text/shell";
import { oneLine } from "../../text/foreign";

interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
  };
}
interface NodeObject extends Named {
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}
interface BindingObject extends Named {
  readonly spec?: { readonly targetGroupARN?: string; readonly multiClusterTargetGroup?: boolean };
}
interface SliceObject extends Named {
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
    readonly targetRef?: { readonly kind?: string };
  }[];
}
interface PodObject extends Named {
  readonly status?: { readonly phase?: string };
}

/** An IPv6 address is written as ELBv2's own list and the controller's ConfigMap have it, without brackets. */
const idOf = (address: string, port: number): string => `${address}:${port}`;

export class KubernetesAdapter implements KubernetesPort {
  readonly nodeTargets = nodeTargets;
  readonly readService = services.readService;
  readonly patchService = services.patchService;
  readonly events = services.eventsOf;
  readonly bindingDetails = services.bindingDetails;
  readonly labelBinding = services.labelBinding;
  readonly resetCheckpoint = services.resetCheckpoint;
  readonly restartController = services.restartController;
  readonly controllerRestart = services.controllerRestart;
  readonly proveController = proveController;
  readonly podIdentities = podIdentities;
  readonly restartDeployment = restartDeployment;
  readonly externalWorkload = externalWorkload;
  readonly objects = readObjects;

  dispose(): void {
    closeConnections();
    closeLookups();
  }

  async ready(member: MemberOutputs): Promise<{ readonly version: string }> {
    const [readiness, version] = await Promise.all([
      get(member, "/readyz"),
      getObject<{ major?: string; minor?: string; emulationMajor?: string; emulationMinor?: string }>(
        member,
        "/version",
      ),
    ]);
    if (readiness.status !== 200)
      throw new DriverError(
        "EBG-MEMBER-UNREACHABLE",
        `the API server of ${member.member} is not ready: ${oneLine(readiness.body)}`,
        shell`aws eks describe-cluster --name ${member.clusterName}`,
      );
    // What it behaves as counts, where that differs from the binary's own version.
    const [major, minor] = [
      version?.emulationMajor ?? version?.major ?? "?",
      version?.emulationMinor ?? version?.minor ?? "?",
    ];
    return { version: `${major}.${minor.replace(/\D+$/, "")}` };
  }

  async nodes(
    member: MemberOutputs,
  ): Promise<{ readonly ready: number; readonly total: number; readonly minors: readonly string[] }> {
    const nodes = await getList<NodeObject>(member, "/api/v1/nodes");
    const minors = nodes.flatMap(
      (node) => /^v?(\d+\.\d+)/.exec(node.status?.nodeInfo?.kubeletVersion ?? "")?.[1] ?? [],
    );
    return {
      ready: nodes.filter((node) => holds(node.status?.conditions, "Ready")).length,
      total: nodes.length,
      minors: [...new Set(minors)].sort(compareVersions),
    };
  }

  async bindings(member: MemberOutputs): Promise<readonly Binding[]> {
    // EKS Auto Mode has its own API group (docs/reference/controller-behaviour.md); a group that is not installed
    // answers 404 and counts as none.
    const lists = await Promise.all(
      ["elbv2.k8s.aws/v1beta1", "eks.amazonaws.com/v1"].map((group) =>
        getList<BindingObject>(member, `/apis/${group}/targetgroupbindings`),
      ),
    );
    return lists.flat().map(({ metadata, spec }) => ({
      namespace: metadata.namespace ?? "default",
      name: metadata.name,
      targetGroupArn: spec?.targetGroupARN ?? "",
      multiCluster: spec?.multiClusterTargetGroup === true,
      deleting: metadata.deletionTimestamp !== undefined,
    }));
  }

  async recordedTargets(member: MemberOutputs, namespace: string, binding: string): Promise<readonly string[] | null> {
    for (const prefix of ["aws-lbc-targets-", "eks-lbc-targets-"]) {
      const found = await getObject<{ data?: { targets?: string } }>(
        member,
        `/api/v1/namespaces/${namespace}/configmaps/${prefix}${binding}`,
      );
      if (found !== null)
        return (
          (found.data?.targets ?? "")
            .split(",")
            .map((target) => target.trim())
            // Whoever may edit ConfigMaps writes this one: what is no target is nothing to compare or to print.
            .filter((target) => /^([0-9a-f.:]+|i-[0-9a-f]+):\d{1,5}$/i.test(target))
            .sort()
        );
    }
    return null;
  }

  async readyEndpoints(
    member: MemberOutputs,
    namespace: string,
    service: string,
    servicePort: number,
  ): Promise<readonly string[]> {
    const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
    const slices = await getList<SliceObject>(
      member,
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`,
    );
    const several = slices.some((slice) => (slice.ports ?? []).length > 1);
    const portName = several ? await this.portName(member, namespace, service, servicePort) : null;
    const found = slices.flatMap((slice) =>
      (slice.endpoints ?? [])
        // A terminating endpoint counts as gone, and one without a pod behind it is ignored.
        .filter(
          (endpoint) =>
            endpoint.conditions?.ready !== false &&
            endpoint.conditions?.terminating !== true &&
            endpoint.targetRef?.kind === "Pod",
        )
        .flatMap((endpoint) =>
          (endpoint.addresses ?? []).flatMap((address) =>
            (slice.ports ?? [])
              .filter((port) => portName === null || (port.name ?? "") === portName)
              .map((port) => idOf(address, port.port ?? 0)),
          ),
        ),
    );
    return [...new Set(found)].sort();
  }

  /** Slices name their ports as the Service does. */
  private async portName(
    member: MemberOutputs,
    namespace: string,
    service: string,
    servicePort: number,
  ): Promise<string> {
    const found = await getObject<{ spec?: { ports?: readonly { name?: string; port?: number }[] } }>(
      member,
      `/api/v1/namespaces/${namespace}/services/${service}`,
    );
    return found?.spec?.ports?.find((port) => port.port === servicePort)?.name ?? "";
  }

  async controller(member: MemberOutputs): Promise<ControllerState> {
    const { namespace, deployment } = member.controller;
    const found = await getObject<DeploymentObject>(
      member,
      `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`,
    );
    if (found === null)
      return { available: false, version: null, message: `there is no Deployment ${namespace}/${deployment}` };
    return controllerStateOf(found);
  }

  async deployment(member: MemberOutputs, namespace: string, name: string): Promise<DeploymentState | null> {
    const found = await getObject<DeploymentObject>(
      member,
      `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    );
    return found === null ? null : deploymentStateOf(found);
  }

  async pods(member: MemberOutputs, namespace: string, selector: Readonly<Record<string, string>>): Promise<number> {
    if (Object.keys(selector).length === 0)
      throw new Error(`pods of ${member.member} in namespace ${namespace}: an empty selector would select all of them`);
    const pods = await getList<PodObject>(
      member,
      `/api/v1/namespaces/${namespace}/pods?labelSelector=${labelSelector(selector)}`,
    );
    return pods.filter((pod) => !hasEnded(pod)).length;
  }
}
