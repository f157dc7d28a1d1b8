/** The policies that are shipped, with values for their placeholders; and what they permit. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { permits, type PolicyDocument, type Request } from "../support/iam";

export const root = resolve(__dirname, "../..");
export const policies = join(root, "policies");
export const text = (name: string): string => readFileSync(join(policies, `${name}.json`), "utf8");

/** Of the tests' environment `dev`. */
export const filled = {
  account: "111122223333",
  region: "us-east-1",
  existingCluster: "theirs",
  existingVpc: "vpc-0e",
  existingPods: "sg-0e",
  loadBalancer: "k8s-web-web-0123456789",
  targetGroup: "k8s-web-web-abcdef0123",
  adoptedGroup: "sg-0a",
  workloadRole: "shop/web",
  workloadPolicy: "web-reads",
  workloadBoundary: "boundary",
};

/** The text of a policy as somebody would fill it in. */
export const filledText = (name: string, values: Partial<typeof filled> = {}): string => {
  const all = { ...filled, ...values };
  return text(name)
    .replace(/ACCOUNT_ID/g, all.account)
    .replace(/REGION/g, all.region)
    .replace(/ENVIRONMENT/g, "dev")
    .replace(/MEMBER/g, "blue")
    .replace(/WORKLOAD_ROLE/g, all.workloadRole)
    .replace(/WORKLOAD_BOUNDARY/g, all.workloadBoundary)
    .replace(/WORKLOAD_POLICY/g, all.workloadPolicy)
    .replace(/CLUSTER\b/g, all.existingCluster)
    .replace(/VPC_ID/g, all.existingVpc)
    .replace(/POD_GROUP/g, all.existingPods)
    .replace(/LOAD_BALANCER/g, all.loadBalancer)
    .replace(/TARGET_GROUP/g, all.targetGroup)
    .replace(/GROUP_ID/g, all.adoptedGroup);
};
export const policy = (name: string): PolicyDocument => JSON.parse(filledText(name)) as PolicyDocument;
export const may = (names: readonly string[], request: Request): boolean => permits(names.map(policy), request);

export const ec2Arn = (kind: string, id: string): string =>
  `arn:aws:ec2:${filled.region}:${filled.account}:${kind}/${id}`;
export const elbArn = (rest: string): string =>
  `arn:aws:elasticloadbalancing:${filled.region}:${filled.account}:${rest}`;
