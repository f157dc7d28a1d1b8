/**
 * Who may write the ConfigMaps in which the AWS Load Balancer Controller keeps which targets of a shared target group
 * are its own cluster's. It deregisters what such a ConfigMap lists and the Service's endpoints lack, so a forged list
 * takes other clusters' targets out. `edit` of a namespace may write every ConfigMap of it; RBAC can't except names
 * that begin with something, so it takes an admission policy. Pure.
 */

/** Name of the policy and of its binding: cluster-wide objects, one controller a cluster. */
export const targetConfigMapsPolicyName = "eks-blue-green-target-configmaps";

/** `aws-lbc-targets-<TargetGroupBinding>`, in the binding's namespace. */
const prefix = "aws-lbc-targets-";

/** The controller's service account. */
export interface ControllerAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The spec of a `ValidatingAdmissionPolicy` (admissionregistration.k8s.io/v1, Kubernetes 1.30 or later). */
export function targetConfigMapsPolicy({ namespace, name }: ControllerAccount) {
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE", "DELETE"],
          resources: ["configmaps"],
          scope: "Namespaced",
        },
      ],
    },
    matchConditions: [
      {
        name: "lists-targets",
        // Not request.name: it is empty where many are deleted at once, and where the server chooses the name.
        expression: `(request.operation == 'DELETE' ? oldObject : object).metadata.name.startsWith('${prefix}')`,
      },
    ],
    validations: [
      {
        // Whoever may delete the policy is not held by it anyway: administrators' remedies need no second way past it.
        // So may the namespace controller and the garbage collector, which have to delete everything.
        expression:
          `request.userInfo.username == 'system:serviceaccount:${namespace}:${name}' || ` +
          "authorizer.group('admissionregistration.k8s.io').resource('validatingadmissionpolicies')" +
          `.name('${targetConfigMapsPolicyName}').check('delete').allowed()`,
        message:
          `only the AWS Load Balancer Controller (service account ${namespace}/${name}) writes ConfigMaps ${prefix}*: ` +
          "it deregisters the targets that they list. To correct one, ask a cluster administrator (whoever may delete " +
          `the ValidatingAdmissionPolicy ${targetConfigMapsPolicyName})`,
        reason: "Forbidden",
      },
    ],
  };
}

/** The spec of its binding: without one a policy does nothing. */
export const targetConfigMapsBinding = { policyName: targetConfigMapsPolicyName, validationActions: ["Deny"] };
