/** Port methods that only `adopt`, weights, instance targets and workloads of others need, for worlds without them. */
import type { AwsPort, KubernetesPort, PulumiPort } from "../../automation/ports";
import type { NetworkReading } from "../../automation/ports/readings";

/** A region whose zones all have control planes; of its subnets nothing is told. */
export const plainNetwork: Exclude<NetworkReading, "denied"> = {
  zones: [
    { name: "us-east-1a", id: "use1-az6" },
    { name: "us-east-1b", id: "use1-az1" },
    { name: "us-east-1c", id: "use1-az2" },
  ],
  subnets: [],
};

const unexpected = (): never => {
  throw new Error("nothing is adopted, and no traffic is weighted, in this world");
};
export const noAdoption: {
  readonly pulumi: Pick<PulumiPort, "refreshRoutes" | "refreshServices" | "adoptedBindings" | "forgetAdopted">;
  readonly aws: Pick<
    AwsPort,
    "describeLoadBalancer" | "tags" | "removeTags" | "addTags" | "weights" | "setDeletionProtection" | "clusterUpdate"
  >;
  readonly kubernetes: Pick<
    KubernetesPort,
    | "externalWorkload"
    | "objects"
    | "nodeTargets"
    | "readService"
    | "patchService"
    | "events"
    | "bindingDetails"
    | "labelBinding"
    | "restartController"
    | "controllerRestart"
  >;
} = {
  pulumi: {
    refreshRoutes: unexpected,
    refreshServices: unexpected,
    adoptedBindings: unexpected,
    forgetAdopted: unexpected,
  },
  aws: {
    describeLoadBalancer: unexpected,
    tags: unexpected,
    removeTags: unexpected,
    addTags: unexpected,
    weights: unexpected,
    setDeletionProtection: unexpected,
    clusterUpdate: unexpected,
  },
  kubernetes: {
    externalWorkload: unexpected,
    objects: unexpected,
    nodeTargets: unexpected,
    readService: unexpected,
    patchService: unexpected,
    events: unexpected,
    bindingDetails: unexpected,
    labelBinding: unexpected,
    restartController: unexpected,
    controllerRestart: unexpected,
  },
};
