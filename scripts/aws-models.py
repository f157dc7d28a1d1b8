"""Writes sandbox/aws-front/validation/aws-models.json: what botocore's service models say of requests.

Only what can be checked is kept: required members, lengths, ranges, patterns, enumerations. Run it with a Python that has
botocore (the sandbox's own has it): `npm run models`. EC2's model says almost nothing that can be checked; its rules stand
in its documentation, and here in sandbox/aws-front/validation/ec2-rules.ts.
"""

import json
import pathlib
import re

import botocore
from botocore.loaders import Loader

HERE = pathlib.Path(__file__).resolve().parent.parent
TARGET = HERE / "sandbox/aws-front/validation/aws-models.json"
# Of EC2's 700 operations those that networks, clusters and load balancers are made of.
EC2 = re.compile(
    r"^(Create|Delete|Describe|Modify|Associate|Disassociate|Attach|Detach|Authorize|Revoke|Allocate|Release|Replace|Update)"
    r"(Vpc|Vpcs|VpcAttribute|Subnet|Subnets|SubnetAttribute|InternetGateway|InternetGateways|NatGateway|NatGateways|Address|"
    r"Addresses|Route|RouteTable|RouteTables|SecurityGroup|SecurityGroups|SecurityGroupIngress|SecurityGroupEgress|"
    r"SecurityGroupRules|SecurityGroupRuleDescriptionsIngress|SecurityGroupRuleDescriptionsEgress|Tags|LaunchTemplate|"
    r"LaunchTemplates|LaunchTemplateVersions|NetworkInterfaces|Instances|Volumes|Volume|AvailabilityZones|Images)$"
)


def rules_of(shape):
    meta = shape.metadata
    kept = {}
    for name in ("min", "max", "pattern"):
        if name in meta:
            kept[name] = meta[name]
    if getattr(shape, "enum", None):
        kept["enum"] = list(shape.enum)
    return kept


def collect(shape, shapes, protocol):
    name = shape.name
    if name in shapes:
        return name
    kind = shape.type_name
    entry = {"type": kind}
    shapes[name] = entry
    if kind == "structure":
        entry["members"] = {}
        if shape.required_members:
            entry["required"] = list(shape.required_members)
        for member, inner in shape.members.items():
            serialized = inner.serialization
            wire = serialized.get("name", member)
            if protocol == "ec2":
                wire = serialized.get("queryName", wire[0].upper() + wire[1:])
            one = {"shape": collect(inner, shapes, protocol)}
            if wire != member:
                one["wire"] = wire
            if serialized.get("location"):
                one["in"] = serialized["location"]
            entry["members"][member] = one
    elif kind == "list":
        entry["of"] = collect(shape.member, shapes, protocol)
        if shape.serialization.get("flattened") or protocol == "ec2":
            entry["flat"] = True
        entry.update(rules_of(shape))
    elif kind == "map":
        entry["key"] = collect(shape.key, shapes, protocol)
        entry["of"] = collect(shape.value, shapes, protocol)
        entry.update(rules_of(shape))
    else:
        entry.update(rules_of(shape))
    return name


def plain(shapes):
    """Shapes that constrain nothing, so that their users need not be kept."""
    changed = True
    free = {name for name, one in shapes.items() if set(one) == {"type"} and one["type"] != "structure"}
    while changed:
        changed = False
        for name, one in shapes.items():
            if name in free or "required" in one or set(one) & {"min", "max", "pattern", "enum"}:
                continue
            inner = [m["shape"] for m in one.get("members", {}).values()] + [one[k] for k in ("key", "of") if k in one]
            if one["type"] in ("structure", "list", "map") and all(i in free for i in inner):
                free.add(name)
                changed = True
    return free


def model(service, wanted):
    description = Loader().load_service_model(service, "service-2")
    from botocore.model import ServiceModel

    source = ServiceModel(description, service)
    protocol = source.metadata["protocol"]
    shapes, operations = {}, {}
    for name in source.operation_names:
        if not wanted(name):
            continue
        operation = source.operation_model(name)
        entry = {"input": collect(operation.input_shape, shapes, protocol) if operation.input_shape else None}
        if protocol == "rest-json":
            entry["http"] = f"{operation.http['method']} {operation.http['requestUri']}"
        operations[name] = entry
    free = plain(shapes)
    kept = {}
    for name, one in shapes.items():
        if name in free:
            continue
        if "members" in one:
            one["members"] = {m: v for m, v in one["members"].items() if v["shape"] not in free or m in one.get("required", [])}
        kept[name] = one
    for one in kept.values():
        for member in one.get("members", {}).values():
            if member["shape"] in free:
                member["shape"] = None
        for key in ("of", "key"):
            if one.get(key) in free:
                one[key] = None
    for entry in operations.values():
        if entry["input"] in free:
            entry["input"] = None
    return {"protocol": protocol, "operations": operations, "shapes": kept}


models = {
    "eks": model("eks", lambda _: True),
    "elasticloadbalancing": model("elbv2", lambda _: True),
    "iam": model("iam", lambda name: re.search(r"Role|OpenIDConnect|InstanceProfile|^(Create|Delete|Get)Policy$", name)),
    "ec2": model("ec2", lambda name: EC2.match(name)),
}
lines = [f'{{ "botocore": "{botocore.__version__}"']
for service, one in models.items():
    lines.append(f', "{service}": {{ "protocol": "{one["protocol"]}", "operations": {{')
    lines.append(",\n".join(f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in sorted(one["operations"].items())))
    lines.append('}, "shapes": {')
    lines.append(",\n".join(f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in sorted(one["shapes"].items())))
    lines.append("} }")
lines.append("}")
TARGET.write_text("\n".join(lines) + "\n")
print(TARGET, TARGET.stat().st_size)
