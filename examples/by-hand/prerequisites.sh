#!/usr/bin/env bash
# What the published procedure starts from: one VPC, two clusters with two nodes each, the AWS Load Balancer Controller in both, and
# kubectl's contexts pri-eks-clu1 and sec-eks-clu1. Plain AWS CLI and kubectl, but for the chart: where helm and its repository are at
# hand, CHART=helm installs it as the post does. For a sandbox: gateways, routes and managed policies, which nothing there asks for, are
# left out.
#
#   source .sandbox/env.sh && examples/by-hand/prerequisites.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=${KUBERNETES_VERSION:-1.35}
text() { aws "$@" --output text; }
trust() { printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":["sts:AssumeRole","sts:TagSession"]}]}' "$1"; }
role() { text iam create-role --role-name "$1" --assume-role-policy-document "$(trust "$2")" --query Role.Arn; }
subnet() {
  text ec2 create-subnet --vpc-id "$vpc" --availability-zone "us-east-1$1" --cidr-block "$2" --query Subnet.SubnetId \
    --tag-specifications 'ResourceType=subnet,Tags=[{Key=kubernetes.io/role/elb,Value=1}]'
}

vpc=$(text ec2 create-vpc --cidr-block 10.40.0.0/16 --query Vpc.VpcId)
subnets=("$(subnet b 10.40.0.0/18)" "$(subnet c 10.40.64.0/18)")
cluster_role=$(role eks-cluster eks.amazonaws.com)
node_role=$(role eks-nodes ec2.amazonaws.com)
controller_role=$(role load-balancer-controller pods.eks.amazonaws.com)
# The controller's own document is longer and narrower: docs/install/iam_policy.json in its repository. The second
# statement: the first load balancer of an account makes the role that ELB works with.
aws iam put-role-policy --role-name load-balancer-controller --policy-name controller --policy-document \
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["elasticloadbalancing:*","ec2:Describe*","ec2:*SecurityGroup*","ec2:CreateTags","ec2:DeleteTags"],"Resource":"*"},
    {"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*",
     "Condition":{"StringEquals":{"iam:AWSServiceName":"elasticloadbalancing.amazonaws.com"}}}]}'

make() {
  aws eks create-cluster --name "$1" --kubernetes-version "$version" --role-arn "$cluster_role" --resources-vpc-config "subnetIds=${subnets[0]},${subnets[1]}" \
    --access-config authenticationMode=API,bootstrapClusterCreatorAdminPermissions=true > /dev/null
  aws eks wait cluster-active --name "$1"
  aws eks create-nodegroup --cluster-name "$1" --nodegroup-name nodes --node-role "$node_role" --subnets "${subnets[@]}" --scaling-config minSize=2,desiredSize=2,maxSize=4 > /dev/null
  aws eks wait nodegroup-active --cluster-name "$1" --nodegroup-name nodes
  aws eks create-addon --cluster-name "$1" --addon-name eks-pod-identity-agent > /dev/null
  aws eks create-pod-identity-association --cluster-name "$1" --namespace kube-system --service-account aws-load-balancer-controller --role-arn "$controller_role" > /dev/null
}
make pri-eks-clu1 & primary=$!
make sec-eks-clu1
wait "$primary"

for cluster in pri-eks-clu1 sec-eks-clu1; do
  # A sandbox writes the contexts of its clusters itself, under their names.
  kubectl config get-contexts "$cluster" > /dev/null 2>&1 || aws eks update-kubeconfig --name "$cluster" --alias "$cluster"
  if [ "${CHART:-}" = helm ]; then
    helm repo add eks https://aws.github.io/eks-charts
    helm --kube-context "$cluster" install aws-load-balancer-controller eks/aws-load-balancer-controller -n kube-system --set "clusterName=$cluster" --set region=us-east-1 --set "vpcId=$vpc" --set serviceAccount.name=aws-load-balancer-controller
  else
    "$root/bin/eks-blue-green.js" sandbox chart --lbc "${LBC:-stand-in}" --set "clusterName=$cluster" --set region=us-east-1 --set "vpcId=$vpc" | kubectl --context "$cluster" apply -f -
  fi
done
for cluster in pri-eks-clu1 sec-eks-clu1; do
  kubectl --context "$cluster" -n kube-system rollout status deployment/aws-load-balancer-controller --timeout=300s
done
# The post's commands name the primary's context nearly everywhere; where they name none, they mean it.
kubectl config use-context pri-eks-clu1
