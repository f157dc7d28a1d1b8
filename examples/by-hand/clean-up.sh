#!/usr/bin/env bash
# Takes away what prerequisites.sh made, in order; the workload and its load balancer must be gone already, as the published procedure
# removes them. Where it ends with `aws cloudformation delete-stack`, this is it.
set -euo pipefail
remove() {
  aws eks delete-nodegroup --cluster-name "$1" --nodegroup-name nodes > /dev/null
  aws eks wait nodegroup-deleted --cluster-name "$1" --nodegroup-name nodes
  aws eks delete-cluster --name "$1" > /dev/null
  aws eks wait cluster-deleted --name "$1"
}
remove pri-eks-clu1 & primary=$!
remove sec-eks-clu1
wait "$primary"
aws iam delete-role-policy --role-name load-balancer-controller --policy-name controller
for role in eks-cluster eks-nodes load-balancer-controller; do
  aws iam delete-role --role-name "$role"
done
vpc=$(aws ec2 describe-vpcs --filters Name=cidr,Values=10.40.0.0/16 --query 'Vpcs[0].VpcId' --output text)
for subnet in $(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query 'Subnets[].SubnetId' --output text); do
  aws ec2 delete-subnet --subnet-id "$subnet"
done
aws ec2 delete-vpc --vpc-id "$vpc"
echo "nothing of it is left"
