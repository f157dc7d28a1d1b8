#!/usr/bin/env bash
# What the published procedure starts from: one VPC, two clusters with two nodes each, the AWS Load Balancer Controller in both, and
# kubectl's contexts pri-eks-clu1 and sec-eks-clu1. Plain AWS CLI and kubectl, but for the chart: where helm and its repository are at
# hand, CHART=helm installs it as the post does.
#
#   source .sandbox/env.sh && examples/by-hand/prerequisites.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=${KUBERNETES_VERSION:-1.35}
text() { aws "$@" --output text; }
trust() { printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":["sts:AssumeRole","sts:TagSession"]}]}' "$1"; }
role() { text iam create-role --role-name "$1" --assume-role-policy-document "$(trust "$2")" --query Role.Arn; }

vpc=$(text ec2 create-vpc --cidr-block 10.40.0.0/16 --query Vpc.VpcId)
aws ec2 modify-vpc-attribute --vpc-id "$vpc" --enable-dns-hostnames
gateway=$(text ec2 create-internet-gateway --query InternetGateway.InternetGatewayId)
aws ec2 attach-internet-gateway --internet-gateway-id "$gateway" --vpc-id "$vpc"
routes=$(text ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId)
aws ec2 create-route --route-table-id "$routes" --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway" > /dev/null
subnets=()
for zone in b c; do
  # A primary and a secondary with pods in the same subnets: one VPC, as the post has it.
  subnet=$(text ec2 create-subnet --vpc-id "$vpc" --availability-zone "us-east-1$zone" --cidr-block "10.40.$([ "$zone" = b ] && echo 0 || echo 64).0/18" \
    --tag-specifications 'ResourceType=subnet,Tags=[{Key=kubernetes.io/role/elb,Value=1}]' --query Subnet.SubnetId)
  aws ec2 modify-subnet-attribute --subnet-id "$subnet" --map-public-ip-on-launch
  aws ec2 associate-route-table --route-table-id "$routes" --subnet-id "$subnet" > /dev/null
  subnets+=("$subnet")
done
joined=$(IFS=,; echo "${subnets[*]}")

cluster_role=$(role eks-cluster eks.amazonaws.com)
aws iam attach-role-policy --role-name eks-cluster --policy-arn arn:aws:iam::aws:policy/AmazonEKSClusterPolicy
node_role=$(role eks-nodes ec2.amazonaws.com)
for policy in AmazonEKSWorkerNodePolicy AmazonEKS_CNI_Policy AmazonEC2ContainerRegistryReadOnly; do
  aws iam attach-role-policy --role-name eks-nodes --policy-arn "arn:aws:iam::aws:policy/$policy"
done
controller_role=$(role load-balancer-controller pods.eks.amazonaws.com)
# The controller's own document is longer and narrower: docs/install/iam_policy.json in its repository.
aws iam put-role-policy --role-name load-balancer-controller --policy-name controller --policy-document \
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["elasticloadbalancing:*","ec2:Describe*","ec2:*SecurityGroup*","ec2:CreateTags","ec2:DeleteTags"],"Resource":"*"}]}'

for cluster in pri-eks-clu1 sec-eks-clu1; do
  aws eks create-cluster --name "$cluster" --kubernetes-version "$version" --role-arn "$cluster_role" --resources-vpc-config "subnetIds=$joined" \
    --access-config authenticationMode=API,bootstrapClusterCreatorAdminPermissions=true > /dev/null
done
for cluster in pri-eks-clu1 sec-eks-clu1; do
  aws eks wait cluster-active --name "$cluster"
  aws eks create-nodegroup --cluster-name "$cluster" --nodegroup-name nodes --node-role "$node_role" --subnets "${subnets[@]}" \
    --scaling-config minSize=2,desiredSize=2,maxSize=4 > /dev/null
done
prepare() {
  aws eks wait nodegroup-active --cluster-name "$1" --nodegroup-name nodes
  aws eks create-addon --cluster-name "$1" --addon-name eks-pod-identity-agent > /dev/null
  aws eks create-pod-identity-association --cluster-name "$1" --namespace kube-system --service-account aws-load-balancer-controller --role-arn "$controller_role" > /dev/null
  if [ "${CHART:-}" = helm ]; then
    helm repo add eks https://aws.github.io/eks-charts
    helm --kube-context "$1" install aws-load-balancer-controller eks/aws-load-balancer-controller -n kube-system --set "clusterName=$1" --set region=us-east-1 --set "vpcId=$vpc" --set serviceAccount.name=aws-load-balancer-controller
  else
    "$root/bin/eks-blue-green.js" sandbox chart --lbc "${LBC:-stand-in}" --set "clusterName=$1" --set region=us-east-1 --set "vpcId=$vpc" | kubectl --context "$1" apply -f -
  fi
}
for cluster in pri-eks-clu1 sec-eks-clu1; do
  aws eks update-kubeconfig --name "$cluster" --alias "$cluster"
done
prepare pri-eks-clu1 & primary=$!
prepare sec-eks-clu1
wait "$primary"
for cluster in pri-eks-clu1 sec-eks-clu1; do
  kubectl --context "$cluster" -n kube-system rollout status deployment/aws-load-balancer-controller --timeout=120s
done
# The post's commands name the primary's context nearly everywhere; where they name none, they mean it.
kubectl config use-context pri-eks-clu1
