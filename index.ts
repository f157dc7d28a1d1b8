/**
 * What the package exports: components for anyone's program, the stacks' types and helpers, and the driver.
 *
 * @module eks-blue-green
 */
export * from "./components/index";
export {
  isMemberConfig,
  memberProblems,
  parseEnvironmentConfig,
  parseMemberConfig,
  sharedFieldProblems,
  versionProblems,
} from "./stacks/config";
export type { AddonPin } from "./stacks/config/keys/cluster";
export type { LoadBalancerOwner, LoadBalancerType } from "./stacks/config/keys/load-balancer";
export type { TrafficMode } from "./stacks/config/keys/traffic";
export type {
  AwsSettings,
  ClusterConfig,
  ControllerConfig,
  EnvironmentConfig,
  LoadBalancerConfig,
  MemberConfig,
  NetworkConfig,
  NodesConfig,
  RolloutConfig,
  ServiceConfig,
} from "./stacks/config";
export type {
  AddonVersions,
  ClusterMade,
  DriverContext,
  EnvironmentOutputs,
  ExtensionOutputs,
  MemberOutputs,
  MemberServiceOutputs,
  NetworkOutputs,
  NodesMade,
  ObjectReference,
  ServiceTargetGroup,
  SharedLoadBalancerOutputs,
  StackProgram,
  WorkloadFilesOutputs,
} from "./stacks/contract";
/**
 * The component wins the name; what the record keeps of a handed-over load balancer is
 * `AdoptedLoadBalancerArgs["balancer"]`.
 */
export { AdoptedLoadBalancer } from "./components/index";
export * from "./stacks/record";
export type { HeldUpgrade } from "./stacks/record/hold";
export { environmentProgram } from "./stacks/environment/program";
export { memberProgram } from "./stacks/member/program";
export { defineEnvironment } from "./stacks/extension/define";
export type {
  ClusterObject,
  EnvironmentExtension,
  EnvironmentExtensionArgs,
  ExtensionResult,
  MemberExtensionArgs,
  ObjectResource,
} from "./stacks/extension/types";
/**
 * The driver. Loading it loads the AWS and Kubernetes clients; a program that needs only components can import
 * `eks-blue-green/components`.
 */
export * from "./automation/index";
