/**
 * What AWS's answers say nothing of: inputs that steer the provider alone, or attributes of another kind of load
 * balancer. The provider's import leaves them out or fills in defaults of its own, so they say nothing of whose a
 * resource is.
 */
const untold: Readonly<Record<string, readonly string[]>> = {
  "aws:iam/role:Role": ["forceDetachPolicies", "namePrefix"],
  "aws:iam/instanceProfile:InstanceProfile": ["namePrefix"],
  "aws:eks/cluster:Cluster": [
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
    "bootstrapSelfManagedAddons",
    "defaultAddonsToRemoves",
    "forceUpdateVersion",
  ],
  "aws:eks/nodeGroup:NodeGroup": ["forceUpdateVersion", "nodeGroupNamePrefix"],
  "aws:eks/addon:Addon": ["preserve", "resolveConflicts", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"],
  "aws:lb/loadBalancer:LoadBalancer": [
    "clientKeepAlive",
    "desyncMitigationMode",
    "dropInvalidHeaderFields",
    "enableHttp2",
    "enableTlsVersionAndCipherSuiteHeaders",
    "enableWafFailOpen",
    "enableXffClientPort",
    "idleTimeout",
    "namePrefix",
    "preserveHostHeader",
    "xffHeaderProcessingMode",
  ],
  "aws:lb/targetGroup:TargetGroup": [
    "lambdaMultiValueHeadersEnabled",
    "loadBalancingAlgorithmType",
    "loadBalancingAnomalyMitigation",
    "namePrefix",
    "slowStart",
  ],
};

/** `path`: properties joined by dots. */
export const isTold = (type: string, path: string): boolean =>
  path !== "region" && path !== "timeouts" && !(untold[type] ?? []).includes(path);
