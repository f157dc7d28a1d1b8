/** The controller's policies as files: what the component makes, with placeholders. */
import { controllerPolicy } from "../../components/internal/controller-policy";

export function controllerPolicies(): Readonly<Record<string, string>> {
  const base = {
    clusterName: "CLUSTER",
    bindingNetworking: false,
    targetGroupArns: ["arn:aws:elasticloadbalancing:REGION:ACCOUNT_ID:targetgroup/ENVIRONMENT-*/*"],
  };
  return {
    "controller-bindings": controllerPolicy({ ...base, loadBalancers: false }),
    "controller-load-balancers": controllerPolicy({ ...base, loadBalancers: true }),
  };
}
