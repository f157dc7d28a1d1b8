/** What the package exports: components for anyone's program, the stacks' types and helpers, and the driver. */
export * from "./components/index";
export {
  isMemberConfig,
  memberProblems,
  parseEnvironmentConfig,
  parseMemberConfig,
  sharedFieldProblems,
  versionProblems,
} from "./stacks/config";
export type {
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
  DriverContext,
  EnvironmentOutputs,
  MemberOutputs,
  MemberServiceOutputs,
  NetworkOutputs,
  ServiceTargetGroup,
  SharedLoadBalancerOutputs,
  StackProgram,
} from "./stacks/contract";
/**
 * The component wins the name; what the record keeps of a handed-over load balancer is
 * `AdoptedLoadBalancerArgs["balancer"]`.
 */
export { AdoptedLoadBalancer } from "./components/index";
export * from "./stacks/record";
export { environmentProgram } from "./stacks/environment/program";
export { memberProgram } from "./stacks/member/program";
/**
 * The driver. Loading it loads the AWS and Kubernetes clients; a program that needs only components can import
 * `eks-blue-green/components`.
 */
export * from "./automation/index";
