"""Calls every operation that the front has with boto3, and compares each answer, byte for byte as it came, with botocore's model of it.

Input (standard input): {"elbv2": [operations], "eks": [operations], "vpc", "subnets"}. Output: {"problems": [...], "unused": [...]}.
boto3 itself says nothing of members that it doesn't know, and leaves out those that are missing: the raw answers are walked here.
"""
import json
import sys
import time
import xml.etree.ElementTree as ET

import boto3
import botocore

request = json.load(sys.stdin)
problems, used = [], set()

# Members that AWS returns in every answer, by shape (API reference and recorded answers).
ALWAYS = {
    "LoadBalancer": "LoadBalancerArn DNSName CanonicalHostedZoneId CreatedTime LoadBalancerName Scheme VpcId State Type AvailabilityZones IpAddressType",
    "LoadBalancerState": "Code",
    "AvailabilityZone": "ZoneName SubnetId LoadBalancerAddresses",
    "TargetGroup": "TargetGroupArn TargetGroupName Protocol Port VpcId HealthCheckProtocol HealthCheckPort HealthCheckEnabled HealthCheckIntervalSeconds HealthCheckTimeoutSeconds HealthyThresholdCount UnhealthyThresholdCount LoadBalancerArns TargetType IpAddressType",
    "Listener": "ListenerArn LoadBalancerArn Port Protocol DefaultActions",
    "Rule": "RuleArn Priority Conditions Actions IsDefault",
    "RuleCondition": "Field",
    "Action": "Type",
    "ForwardActionConfig": "TargetGroups TargetGroupStickinessConfig",
    "TargetGroupTuple": "TargetGroupArn Weight",
    "TargetGroupStickinessConfig": "Enabled",
    "TargetHealthDescription": "Target TargetHealth",
    "TargetDescription": "Id Port",
    "TargetHealth": "State",
    "TagDescription": "ResourceArn Tags",
    "LoadBalancerAttribute": "Key Value", "TargetGroupAttribute": "Key Value", "ListenerAttribute": "Key Value",
    "Limit": "Name Max",
    "SslPolicy": "Name SslProtocols Ciphers SupportedLoadBalancerTypes",
    "Cluster": "name arn createdAt version roleArn resourcesVpcConfig kubernetesNetworkConfig logging status certificateAuthority platformVersion tags health accessConfig upgradePolicy deletionProtection",
    "VpcConfigResponse": "subnetIds securityGroupIds clusterSecurityGroupId vpcId endpointPublicAccess endpointPrivateAccess publicAccessCidrs",
    "KubernetesNetworkConfigResponse": "serviceIpv4Cidr ipFamily elasticLoadBalancing",
    "AccessConfigResponse": "authenticationMode",
    "Nodegroup": "nodegroupName nodegroupArn clusterName version releaseVersion createdAt modifiedAt status capacityType scalingConfig subnets amiType nodeRole resources health updateConfig tags",
    "NodegroupScalingConfig": "minSize maxSize desiredSize",
    "Update": "id status type params createdAt errors",
    "Addon": "addonName clusterName status addonVersion health addonArn createdAt modifiedAt tags",
    "AccessEntry": "clusterName principalArn kubernetesGroups accessEntryArn createdAt modifiedAt tags username type",
    "AssociatedAccessPolicy": "policyArn accessScope associatedAt modifiedAt",
    "PodIdentityAssociation": "clusterName namespace serviceAccount roleArn associationArn associationId tags createdAt modifiedAt",
    "PodIdentityAssociationSummary": "clusterName namespace serviceAccount associationArn associationId",
    "ClusterVersionInformation": "clusterVersion clusterType defaultPlatformVersion defaultVersion releaseDate endOfStandardSupportDate endOfExtendedSupportDate versionStatus kubernetesPatchVersion",
    "AddonInfo": "addonName type addonVersions publisher owner",
    "AddonVersionInfo": "addonVersion architecture compatibilities requiresConfiguration",
}
ALWAYS = {name: members.split() for name, members in ALWAYS.items()}


def check_members(shape, names, where):
    by_wire = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    for name in names:
        if name not in by_wire:
            problems.append(f"{where}: {shape.name} has no member {name}")
    for name in ALWAYS.get(shape.name, []):
        if name not in [by_wire.get(one) for one in names]:
            problems.append(f"{where}: {shape.name} lacks {name}")
    return by_wire


def scalar(shape, text, where):
    try:
        if shape.type_name in ("integer", "long"):
            int(text)
        elif shape.type_name == "boolean":
            assert text in ("true", "false")
        elif shape.type_name == "timestamp":
            assert "T" in text and text.endswith("Z")
        elif getattr(shape, "enum", None):
            assert text in shape.enum
    except (ValueError, AssertionError):
        problems.append(f"{where}: {text!r} is no {shape.name} ({shape.type_name} {getattr(shape, 'enum', '')})")


def walk_xml(shape, node, where):
    children = [(child.tag.split("}")[-1], child) for child in node]
    if shape.type_name == "structure":
        by_wire = check_members(shape, [name for name, _ in children], where)
        for name, child in children:
            if name in by_wire:
                walk_xml(shape.members[by_wire[name]], child, f"{where}.{name}")
    elif shape.type_name == "list":
        for index, (name, child) in enumerate(children):
            if name != "member":
                problems.append(f"{where}: list element {name}")
            walk_xml(shape.member, child, f"{where}[{index}]")
    else:
        scalar(shape, node.text or "", where)


def walk_json(shape, value, where):
    if value is None:
        return
    if shape.type_name == "structure":
        by_wire = check_members(shape, [name for name, one in value.items() if one is not None], where)
        for name, child in value.items():
            if name in by_wire:
                walk_json(shape.members[by_wire[name]], child, f"{where}.{name}")
    elif shape.type_name == "list":
        for index, child in enumerate(value):
            walk_json(shape.member, child, f"{where}[{index}]")
    elif shape.type_name == "map":
        for key, child in value.items():
            walk_json(shape.value, child, f"{where}.{key}")
    elif shape.type_name == "timestamp":
        if not isinstance(value, (int, float)):
            problems.append(f"{where}: timestamp {value!r} is no number")
    elif {"string": str, "boolean": bool, "integer": int}.get(shape.type_name) is not type(value):
        problems.append(f"{where}: {value!r} is no {shape.type_name}")
    elif shape.type_name == "string":
        scalar(shape, value, where)


def watch(client, service):
    """Keeps the raw answer of each call, and walks it."""
    raw = {}
    original = client._endpoint.http_session.send

    def send(prepared):
        answer = original(prepared)
        raw["body"] = answer.content
        return answer

    client._endpoint.http_session.send = send

    def call(operation, **params):
        used.add((service, operation))
        model = client.meta.service_model.operation_model(operation)
        answer = getattr(client, botocore.xform_name(operation))(**params)
        where = f"{service}:{operation}"
        if model.output_shape is not None:
            if service == "elbv2":
                root = ET.fromstring(raw["body"])
                result = next((child for child in root if child.tag.endswith(f"{operation}Result")), None)
                if result is None:
                    problems.append(f"{where}: no {operation}Result")
                else:
                    walk_xml(model.output_shape, result, where)
            else:
                walk_json(model.output_shape, json.loads(raw["body"] or b"{}"), where)
        return answer

    return call


elb = watch(boto3.client("elbv2"), "elbv2")
eks = watch(boto3.client("eks"), "eks")
ec2 = boto3.client("ec2")
subnets = request["subnets"]


def until(look, what):
    end = time.time() + 20
    while time.time() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise SystemExit(f"gave up waiting for {what}")


def walk_elb():
    groups = [ec2.create_security_group(GroupName=f"walk-{n}", Description="walk", VpcId=request["vpc"])["GroupId"] for n in range(2)]
    nlb = elb("CreateLoadBalancer", Name="walk-net", Type="network", Scheme="internal", Subnets=subnets, SecurityGroups=groups[:1], Tags=[{"Key": "a", "Value": "a=b"}])["LoadBalancers"][0]["LoadBalancerArn"]
    alb = elb("CreateLoadBalancer", Name="walk-app", Type="application", Subnets=subnets, SecurityGroups=groups[:1])["LoadBalancers"][0]["LoadBalancerArn"]
    tcp = [elb("CreateTargetGroup", Name=f"walk-tcp-{n}", Protocol="TCP", Port=80, VpcId=request["vpc"], TargetType="ip", HealthCheckProtocol="HTTP", HealthCheckPath="/ready")["TargetGroups"][0]["TargetGroupArn"] for n in range(2)]
    http = [elb("CreateTargetGroup", Name=f"walk-http-{n}", Protocol="HTTP", Port=80, VpcId=request["vpc"], TargetType="ip")["TargetGroups"][0]["TargetGroupArn"] for n in range(2)]
    weighted = lambda arns, weights: [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(arns, weights)]}}]
    plain = elb("CreateListener", LoadBalancerArn=nlb, Protocol="TCP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": tcp[0]}])["Listeners"][0]["ListenerArn"]
    changed = elb("ModifyListener", ListenerArn=plain, DefaultActions=weighted(tcp, [90, 10]))["Listeners"][0]["DefaultActions"][0]
    assert [one["Weight"] for one in changed["ForwardConfig"]["TargetGroups"]] == [90, 10] and "TargetGroupArn" not in changed, changed
    certificates = [f"arn:aws:acm:eu-west-1:123456789012:certificate/{n}" for n in range(2)]
    secure = elb("CreateListener", LoadBalancerArn=alb, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificates[0]}], DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no"}}])["Listeners"][0]["ListenerArn"]
    elb("AddListenerCertificates", ListenerArn=secure, Certificates=[{"CertificateArn": certificates[1]}])
    assert [one["IsDefault"] for one in elb("DescribeListenerCertificates", ListenerArn=secure)["Certificates"]] == [True, False]
    elb("RemoveListenerCertificates", ListenerArn=secure, Certificates=[{"CertificateArn": certificates[1]}])
    rules = [elb("CreateRule", ListenerArn=secure, Priority=n + 1, Conditions=[{"Field": "path-pattern", "Values": [f"/{n}*"]}, {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "k", "Value": "v"}]}}], Actions=weighted(http, [1, n]), Tags=[{"Key": "r", "Value": "1"}])["Rules"][0]["RuleArn"] for n in range(2)]
    elb("SetRulePriorities", RulePriorities=[{"RuleArn": rules[0], "Priority": 2}, {"RuleArn": rules[1], "Priority": 1}])
    elb("ModifyRule", RuleArn=rules[0], Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}], Actions=[{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}])
    shown = elb("DescribeRules", ListenerArn=secure)["Rules"]
    assert [one["RuleArn"] for one in shown[:2]] == rules[::-1] and shown[2]["Priority"] == "default", shown
    assert elb("DescribeTargetGroups", TargetGroupArns=[http[0]])["TargetGroups"][0]["LoadBalancerArns"] == [alb]
    targets = [{"Id": "10.42.0.200", "Port": 80}, {"Id": "192.168.1.1", "Port": 80, "AvailabilityZone": "all"}]
    elb("RegisterTargets", TargetGroupArn=tcp[0], Targets=targets)
    elb("DescribeTargetHealth", TargetGroupArn=tcp[0])
    elb("DescribeTargetHealth", TargetGroupArn=tcp[0], Targets=[{"Id": "10.42.0.201", "Port": 1}])
    elb("DeregisterTargets", TargetGroupArn=tcp[0], Targets=targets)
    for arn in (nlb, alb):
        elb("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
        elb("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}])
        elb("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=groups)
        elb("SetSubnets", LoadBalancerArn=arn, Subnets=subnets)
    elb("SetIpAddressType", LoadBalancerArn=nlb, IpAddressType="ipv4")
    elb("DescribeLoadBalancers")
    elb("DescribeListeners", LoadBalancerArn=nlb)
    for arn in (plain, secure):
        elb("DescribeListenerAttributes", ListenerArn=arn)
    elb("ModifyListenerAttributes", ListenerArn=plain, Attributes=[{"Key": "tcp.idle_timeout.seconds", "Value": "400"}])
    for arn in (tcp[0], http[0]):
        elb("DescribeTargetGroupAttributes", TargetGroupArn=arn)
        elb("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}])
        elb("ModifyTargetGroup", TargetGroupArn=arn, HealthCheckIntervalSeconds=10)
    everything = [nlb, tcp[0], plain, rules[0]]
    elb("AddTags", ResourceArns=everything, Tags=[{"Key": "k", "Value": "v"}])
    elb("RemoveTags", ResourceArns=everything, TagKeys=["k"])
    assert elb("DescribeTags", ResourceArns=everything)["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "a=b"}]
    elb("DescribeAccountLimits")
    elb("DescribeSSLPolicies")
    elb("DeleteRule", RuleArn=rules[0])
    elb("DeleteListener", ListenerArn=plain)
    for arn in (nlb, alb):
        elb("DeleteLoadBalancer", LoadBalancerArn=arn)
    for arn in tcp + http:
        elb("DeleteTargetGroup", TargetGroupArn=arn)


def walk_eks():
    role = "arn:aws:iam::123456789012:role/walk"
    eks("CreateCluster", name="walk", version="1.34", roleArn=role, resourcesVpcConfig={"subnetIds": subnets}, accessConfig={"authenticationMode": "API"}, tags={"a": "b"})
    until(lambda: eks("DescribeCluster", name="walk")["cluster"]["status"] == "ACTIVE", "the cluster")
    eks("ListClusters")
    eks("DescribeClusterVersions")
    finished = lambda update, **of: until(lambda: eks("DescribeUpdate", name="walk", updateId=update["update"]["id"], **of)["update"]["status"] == "Successful", "an update")
    finished(eks("UpdateClusterConfig", name="walk", resourcesVpcConfig={"endpointPrivateAccess": True}))
    finished(eks("UpdateClusterVersion", name="walk", version="1.35"))
    eks("ListUpdates", name="walk")
    eks("ListInsights", clusterName="walk")
    eks("ListIdentityProviderConfigs", clusterName="walk")
    eks("ListFargateProfiles", clusterName="walk")
    group = {"clusterName": "walk", "nodegroupName": "main"}
    eks("CreateNodegroup", **group, subnets=subnets, nodeRole=role, scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 1}, version="1.34", taints=[{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}], labels={"l": "1"})
    until(lambda: eks("DescribeNodegroup", **group)["nodegroup"]["status"] == "ACTIVE", "the node group")
    eks("ListNodegroups", clusterName="walk")
    finished(eks("UpdateNodegroupConfig", **group, scalingConfig={"desiredSize": 2, "minSize": 1, "maxSize": 3}), nodegroupName="main")
    finished(eks("UpdateNodegroupVersion", **group, version="1.35"), nodegroupName="main")
    eks("DescribeAddonVersions")
    addon = {"clusterName": "walk", "addonName": "vpc-cni"}
    eks("CreateAddon", **addon)
    until(lambda: eks("DescribeAddon", **addon)["addon"]["status"] == "ACTIVE", "the add-on")
    eks("ListAddons", clusterName="walk")
    finished(eks("UpdateAddon", **addon, addonVersion="v1.20.4-eksbuild.1"), addonName="vpc-cni")
    eks("DeleteAddon", **addon)
    entry = {"clusterName": "walk", "principalArn": role}
    eks("CreateAccessEntry", **entry, kubernetesGroups=["viewers"])
    eks("DescribeAccessEntry", **entry)
    eks("UpdateAccessEntry", **entry, kubernetesGroups=[])
    eks("ListAccessEntries", clusterName="walk")
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    eks("AssociateAccessPolicy", **entry, policyArn=policy, accessScope={"type": "namespace", "namespaces": ["a"]})
    eks("ListAssociatedAccessPolicies", **entry)
    eks("ListAccessPolicies")
    eks("DisassociateAccessPolicy", **entry, policyArn=policy)
    eks("DeleteAccessEntry", **entry)
    made = eks("CreatePodIdentityAssociation", clusterName="walk", namespace="n", serviceAccount="s", roleArn=role)["association"]
    identity = {"clusterName": "walk", "associationId": made["associationId"]}
    eks("DescribePodIdentityAssociation", **identity)
    eks("UpdatePodIdentityAssociation", **identity, roleArn=role + "2")
    eks("ListPodIdentityAssociations", clusterName="walk")
    eks("DeletePodIdentityAssociation", **identity)
    arn = eks("DescribeCluster", name="walk")["cluster"]["arn"]
    eks("TagResource", resourceArn=arn, tags={"k": "v"})
    assert eks("ListTagsForResource", resourceArn=arn)["tags"] == {"a": "b", "k": "v"}
    eks("UntagResource", resourceArn=arn, tagKeys=["k"])
    eks("DeleteNodegroup", **group)
    until(lambda: eks("ListNodegroups", clusterName="walk")["nodegroups"] == [], "the node group's end")
    eks("DeleteCluster", name="walk")
    until(lambda: eks("ListClusters")["clusters"] == [], "the cluster's end")


walk_elb()
walk_eks()
unused = [f"{service}:{operation}" for service in ("elbv2", "eks") for operation in request[service] if (service, operation) not in used]
json.dump({"problems": sorted(set(problems)), "unused": unused, "called": len(used)}, sys.stdout)
