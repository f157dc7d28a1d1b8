/** Which operation answers which action. */
import { AwsError } from "../aws-error";
import { parseQuery, type QueryObject } from "../query";
import { queryAnswer } from "../xml";
import * as attributes from "./attributes";
import type { ElbContext, Operation } from "./context";
import * as listeners from "./listeners";
import * as loadBalancers from "./load-balancers";
import * as rules from "./rules";
import * as tags from "./tags";
import * as targetGroups from "./target-groups";
import * as targets from "./targets";

export const elbNamespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

const operations: Readonly<Record<string, Operation>> = {
  CreateLoadBalancer: loadBalancers.createLoadBalancer,
  DescribeLoadBalancers: loadBalancers.describeLoadBalancers,
  DeleteLoadBalancer: loadBalancers.deleteLoadBalancer,
  SetSubnets: loadBalancers.setSubnets,
  SetSecurityGroups: loadBalancers.setSecurityGroups,
  SetIpAddressType: loadBalancers.setIpAddressType,
  DescribeAccountLimits: loadBalancers.describeAccountLimits,
  DescribeLoadBalancerAttributes: attributes.describeLoadBalancerAttributes,
  ModifyLoadBalancerAttributes: attributes.modifyLoadBalancerAttributes,
  DescribeTargetGroupAttributes: attributes.describeTargetGroupAttributes,
  ModifyTargetGroupAttributes: attributes.modifyTargetGroupAttributes,
  DescribeListenerAttributes: attributes.describeListenerAttributes,
  ModifyListenerAttributes: attributes.modifyListenerAttributes,
  CreateTargetGroup: targetGroups.createTargetGroup,
  DescribeTargetGroups: targetGroups.describeTargetGroups,
  ModifyTargetGroup: targetGroups.modifyTargetGroup,
  DeleteTargetGroup: targetGroups.deleteTargetGroup,
  CreateListener: listeners.createListener,
  DescribeListeners: listeners.describeListeners,
  ModifyListener: listeners.modifyListener,
  DeleteListener: listeners.deleteListener,
  DescribeListenerCertificates: listeners.describeListenerCertificates,
  AddListenerCertificates: listeners.addListenerCertificates,
  RemoveListenerCertificates: listeners.removeListenerCertificates,
  DescribeSSLPolicies: listeners.describeSslPolicies,
  DescribeRules: rules.describeRules,
  CreateRule: rules.createRule,
  ModifyRule: rules.modifyRule,
  DeleteRule: rules.deleteRule,
  SetRulePriorities: rules.setRulePriorities,
  RegisterTargets: targets.registerTargets,
  DeregisterTargets: targets.deregisterTargets,
  DescribeTargetHealth: targets.describeTargetHealth,
  DescribeTags: tags.describeTags,
  AddTags: tags.addTags,
  RemoveTags: tags.removeTags,
};

/** For tests that walk AWS's model. */
export const elbOperations: readonly string[] = Object.keys(operations);

export async function answerElb(context: ElbContext, params: QueryObject, requestId: string): Promise<string> {
  const action = typeof params["Action"] === "string" ? params["Action"] : "";
  if (params["Version"] !== "2015-12-01")
    throw new AwsError(
      "InvalidAction",
      `Could not find operation ${action} for version ${String(params["Version"] ?? "NO_VERSION_SPECIFIED")}; ` +
        "the sandbox has version 2015-12-01 only",
    );
  const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
  if (!operation)
    throw new AwsError(
      "InvalidAction",
      `The action ${action} is not valid for this web service. (The sandbox has: ` +
        `${Object.keys(operations).sort().join(", ")}.)`,
    );
  return queryAnswer(action, await operation(context, params), requestId, elbNamespace);
}

export { parseQuery };
