/** Requests that AWS refuses are refused by the running front, with AWS's codes, before anything is done. */
import assert from "node:assert/strict";
import { validate } from "../../../../sandbox/aws-front/validation/requests";

interface Sent {
  readonly service: string;
  readonly operation: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly json?: object;
}

function codeOf({ service, operation, form, path, json }: Sent): string | null {
  const body = form === undefined ? JSON.stringify(json ?? {}) : new URLSearchParams(form).toString();
  try {
    validate({ service, operation, path: path ?? "/", search: new URLSearchParams(), body: Buffer.from(body) });
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
const cluster = {
  name: "dev-blue",
  roleArn: "arn:aws:iam::123456789012:role/eks",
  resourcesVpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
};

const cases: readonly [title: string, sent: Sent, code: string | null][] = [
  [
    "EKS takes an ordinary cluster",
    { service: "eks", operation: "CreateCluster", path: "/clusters", json: cluster },
    null,
  ],
  [
    "EKS refuses a cluster's name that begins with a dash",
    { service: "eks", operation: "CreateCluster", path: "/clusters", json: { ...cluster, name: "-blue" } },
    "InvalidParameterException",
  ],
  [
    "EKS refuses an unknown authentication mode",
    {
      service: "eks",
      operation: "CreateCluster",
      path: "/clusters",
      json: { ...cluster, accessConfig: { authenticationMode: "APIS" } },
    },
    "InvalidParameterException",
  ],
  [
    "EKS refuses a service range outside the private blocks",
    {
      service: "eks",
      operation: "CreateCluster",
      path: "/clusters",
      json: { ...cluster, kubernetesNetworkConfig: { serviceIpv4Cidr: "203.0.113.0/24" } },
    },
    "InvalidParameterException",
  ],
  [
    "EKS refuses a cluster that nobody can reach",
    {
      service: "eks",
      operation: "CreateCluster",
      path: "/clusters",
      json: {
        ...cluster,
        resourcesVpcConfig: {
          ...cluster.resourcesVpcConfig,
          endpointPublicAccess: false,
          endpointPrivateAccess: false,
        },
      },
    },
    "InvalidParameterException",
  ],
  [
    "IAM refuses a role's name of 65 characters",
    {
      service: "iam",
      operation: "CreateRole",
      form: { Action: "CreateRole", RoleName: "x".repeat(65), AssumeRolePolicyDocument: "{}" },
    },
    "ValidationError",
  ],
  [
    "IAM refuses a tag's value with parentheses",
    {
      service: "iam",
      operation: "CreateRole",
      form: {
        Action: "CreateRole",
        RoleName: "x",
        AssumeRolePolicyDocument: "{}",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "Platform (core), EU",
      },
    },
    "ValidationError",
  ],
  [
    "ELBv2 refuses an unknown target type",
    {
      service: "elasticloadbalancing",
      operation: "CreateTargetGroup",
      form: { Action: "CreateTargetGroup", Name: "dev-web", TargetType: "pod" },
    },
    "ValidationError",
  ],
  [
    "ELBv2 refuses a health check time-out above 120 seconds",
    {
      service: "elasticloadbalancing",
      operation: "CreateTargetGroup",
      form: { Action: "CreateTargetGroup", Name: "dev-web", HealthCheckTimeoutSeconds: "121" },
    },
    "ValidationError",
  ],
];

describe("requests, before they are dispatched", () => {
  for (const [title, sent, code] of cases) it(title, () => assert.equal(codeOf(sent), code));
});
