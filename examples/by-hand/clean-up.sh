#!/usr/bin/env bash
# Takes away what prerequisites.sh made, in order; the workload and its load balancer must be gone already, as the published procedure
# removes them. Where it ends with `aws cloudformation delete-stack`, this is it.
set -euo pipefail
for cluster in sec-eks-clu1 pri-eks-clu1; do
  aws eks delete-nodegroup --cluster-name "$cluster" --nodegroup-name nodes > /dev/null
  aws eks wait nodegroup-deleted --cluster-name "$cluster" --nodegroup-name nodes
  aws eks delete-cluster --name "$cluster" > /dev/null
  aws eks wait cluster-deleted --name "$cluster"
done
for role in eks-cluster eks-nodes; do
  for policy in $(aws iam list-attached-role-policies --role-name "$role" --query 'AttachedPolicies[].PolicyArn' --output text); do
    aws iam detach-role-policy --role-name "$role" --policy-arn "$policy"
  done
  aws iam delete-role --role-name "$role"
done
aws iam delete-role-policy --role-name load-balancer-controller --policy-name controller
aws iam delete-role --role-name load-balancer-controller
vpc=$(aws ec2 describe-vpcs --filters Name=cidr,Values=10.40.0.0/16 --query 'Vpcs[0].VpcId' --output text)
for table in $(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" --query 'RouteTables[?Associations[0].SubnetId].RouteTableId' --output text); do
  for association in $(aws ec2 describe-route-tables --route-table-ids "$table" --query 'RouteTables[].Associations[].RouteTableAssociationId' --output text); do
    aws ec2 disassociate-route-table --association-id "$association"
  done
  aws ec2 delete-route-table --route-table-id "$table"
done
for subnet in $(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" --query 'Subnets[].SubnetId' --output text); do
  aws ec2 delete-subnet --subnet-id "$subnet"
done
gateway=$(aws ec2 describe-internet-gateways --filters "Name=attachment.vpc-id,Values=$vpc" --query 'InternetGateways[0].InternetGatewayId' --output text)
aws ec2 detach-internet-gateway --internet-gateway-id "$gateway" --vpc-id "$vpc"
aws ec2 delete-internet-gateway --internet-gateway-id "$gateway"
aws ec2 delete-vpc --vpc-id "$vpc"
echo "nothing of it is left"
