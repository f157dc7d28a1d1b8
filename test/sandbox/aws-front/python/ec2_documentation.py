"""Prints, as JSON, every sentence of EC2's documentation that constrains a parameter of the operations given on stdin."""

import json
import re
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel

CONSTRAINT = re.compile(
    r"\b(constraints?|can't (start|begin|contain|exceed|be longer)|cannot (start|begin|contain|exceed|be longer)|may not begin|"
    r"must (be|begin|start|not|contain|specify|consist)|up to \d|maximum (of|length|number)|at most|at least|"
    r"(between|from) -?\d+ (and|to) \d+|valid (values?|range)|\d+ characters)\b",
    re.IGNORECASE,
)
model = ServiceModel(Loader().load_service_model("ec2", "service-2"), "ec2")


def plain(text):
    text = re.sub(r"<[^>]+>", " ", text or "")
    return re.sub(r"\s+", " ", text).strip()


def sentences(text):
    return [one for one in re.split(r"(?<=[.;:])\s+(?=[A-Z])", plain(text)) if CONSTRAINT.search(one)]


def wire(member, shape):
    serialized = shape.serialization
    name = serialized.get("name", member)
    return serialized.get("queryName", name[0].upper() + name[1:])


def walk(shape, path, seen, found):
    if shape.type_name == "structure":
        if shape.name in seen:
            return
        for member, inner in shape.members.items():
            name = f"{path}.{wire(member, inner)}" if path else wire(member, inner)
            for sentence in sentences(inner.documentation):
                found.append({"parameter": name, "sentence": sentence})
            walk(inner, name, seen | {shape.name}, found)
    elif shape.type_name == "list":
        walk(shape.member, f"{path}.N", seen, found)


result = {}
for operation in json.load(sys.stdin):
    found = []
    shape = model.operation_model(operation).input_shape
    if shape is not None:
        walk(shape, "", frozenset(), found)
    if found:
        result[operation] = found
json.dump(result, sys.stdout)
