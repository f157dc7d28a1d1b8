/** Types that the results, options and events of the driver's functions are made of: a caller can name each. */
export type { WriterLife } from "./adapters/writer-life";
export type { PlannedHook } from "./commands/plan";
export type { Changes } from "./commands/update-stack";
export type { GateStatus, Outcome, Phase, TargetCounts } from "./events";
export type { Finding } from "./finding";
export type {
  MemberObservation,
  MemberServiceObservation,
  Observation,
  ObservedCluster,
  ObservedExternal,
} from "./observation/observe";
export type { AtRisk } from "./planning/at-risk";
export type { StepTime } from "./planning/duration";
export type { MadeDifference } from "./planning/outdated";
export type {
  AddonStatus,
  AlarmState,
  Binding,
  ControllerState,
  Health,
  Leftover,
  ProbeResult,
  Target as ObservedTarget,
  TargetState,
} from "./ports";
export type { ObjectStatus, ReadyObject } from "./ports/external-workload";
export type { DeploymentState } from "./ports/readings";
export type { RolloutResult } from "./rollout/rollout";
export type { Check, CheckStatus, Severity } from "./verify/catalog";
export type { TrafficRow, Verdict } from "./verify/report";
export type { GroupRef, GroupRefs } from "../stacks/config/group-refs";
export type { Adoption, AdoptionStep, BeforeAdoption } from "../stacks/record/adoption";
export type { AdoptedLoadBalancer as AdoptedLoadBalancerShape } from "../components/internal/adopted-load-balancer-shape";
