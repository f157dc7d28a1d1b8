/**
 * Reads the record's `ownership`, adopted load balancers included. Every reader answers a value of its type, also after
 * a problem.
 */
import type {
  AdoptedBinding,
  AdoptedListener,
  AdoptedLoadBalancer,
  AdoptedSecurityGroup,
  AdoptedTargetGroup,
  Ownership,
} from "./types";
import type { Reader } from "./value-reader";

function texts(reader: Reader, value: unknown, path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, item] of Object.entries(reader.object(value, path))) {
    if (typeof item === "string") found[key] = item;
    else reader.problems.push(`${path}.${key}: expected text, got ${JSON.stringify(item) ?? "nothing"}`);
  }
  return found;
}

const textOrNull = (reader: Reader, value: unknown, path: string): string | null =>
  value == null ? null : reader.text(value, path);
/** A description may be empty. */
const anyText = (value: unknown): string => (typeof value === "string" ? value : "");

function targetGroupOf(reader: Reader, value: unknown, path: string): AdoptedTargetGroup {
  const object = reader.object(value, path);
  const check = reader.object(object["healthCheck"], `${path}.healthCheck`);
  const at = (key: string): string => `${path}.${key}`;
  return {
    key: reader.text(object["key"], at("key")),
    arn: reader.id(object["arn"], at("arn")),
    name: reader.text(object["name"], at("name")),
    port: reader.whole(object["port"], at("port"), 1),
    protocol: reader.text(object["protocol"], at("protocol")),
    targetType: reader.oneOf(object["targetType"], at("targetType"), ["ip", "instance"] as const),
    vpcId: reader.id(object["vpcId"], at("vpcId")),
    healthCheck: {
      protocol: reader.text(check["protocol"], at("healthCheck.protocol")),
      port: reader.text(check["port"], at("healthCheck.port")),
      path: textOrNull(reader, check["path"], at("healthCheck.path")),
      intervalSeconds: reader.whole(check["intervalSeconds"], at("healthCheck.intervalSeconds"), 1),
      timeoutSeconds: reader.whole(check["timeoutSeconds"], at("healthCheck.timeoutSeconds"), 1),
      healthyThreshold: reader.whole(check["healthyThreshold"], at("healthCheck.healthyThreshold"), 1),
      unhealthyThreshold: reader.whole(check["unhealthyThreshold"], at("healthCheck.unhealthyThreshold"), 1),
      matcher: textOrNull(reader, check["matcher"], at("healthCheck.matcher")),
    },
    attributes: texts(reader, object["attributes"], at("attributes")),
  };
}

function listenerOf(reader: Reader, value: unknown, path: string): AdoptedListener {
  const object = reader.object(value, path);
  return {
    arn: reader.id(object["arn"], `${path}.arn`),
    port: reader.whole(object["port"], `${path}.port`, 1),
    protocol: reader.text(object["protocol"], `${path}.protocol`),
    targetGroupKey: reader.text(object["targetGroupKey"], `${path}.targetGroupKey`),
  };
}

function securityGroupOf(reader: Reader, value: unknown, path: string): AdoptedSecurityGroup {
  const object = reader.object(value, path);
  return {
    id: reader.id(object["id"], `${path}.id`),
    kind: reader.oneOf(object["kind"], `${path}.kind`, ["managed", "backend"] as const),
    name: reader.text(object["name"], `${path}.name`),
    description: anyText(object["description"]),
    vpcId: reader.id(object["vpcId"], `${path}.vpcId`),
    tags: texts(reader, object["tags"], `${path}.tags`),
  };
}

function bindingOf(reader: Reader, value: unknown, path: string): AdoptedBinding {
  const object = reader.object(value, path);
  const port = object["servicePort"];
  return {
    key: reader.text(object["key"], `${path}.key`),
    namespace: reader.label(object["namespace"], `${path}.namespace`),
    name: reader.objectName(object["name"], `${path}.name`),
    service: reader.label(object["service"], `${path}.service`),
    servicePort:
      typeof port === "number"
        ? reader.whole(port, `${path}.servicePort`, 1)
        : reader.text(port, `${path}.servicePort`),
    targetGroupArn: reader.id(object["targetGroupArn"], `${path}.targetGroupArn`),
    networking: object["networking"] ?? null,
  };
}

export function loadBalancerOf(reader: Reader, value: unknown, path: string): AdoptedLoadBalancer {
  const object = reader.object(value, path);
  const at = (key: string): string => `${path}.${key}`;
  const list = <T>(key: string, read: (reader: Reader, value: unknown, path: string) => T): readonly T[] =>
    reader.array(object[key], at(key)).map((item, index) => read(reader, item, `${at(key)}[${index}]`));
  return {
    arn: reader.id(object["arn"], at("arn")),
    name: reader.text(object["name"], at("name")),
    dnsName: reader.text(object["dnsName"], at("dnsName")),
    scheme: reader.oneOf(object["scheme"], at("scheme"), ["internet-facing", "internal"] as const),
    ipAddressType: reader.text(object["ipAddressType"], at("ipAddressType")),
    vpcId: reader.id(object["vpcId"], at("vpcId")),
    subnetIds: list("subnetIds", (inner, item, where) => inner.id(item, where)),
    securityGroups: list("securityGroups", securityGroupOf),
    attributes: texts(reader, object["attributes"], at("attributes")),
    listeners: list("listeners", listenerOf),
    targetGroups: list("targetGroups", targetGroupOf),
    ...(object["bindings"] == null ? {} : { bindings: list("bindings", bindingOf) }),
    tags: texts(reader, object["tags"], at("tags")),
  };
}

export function ownershipOf(reader: Reader, value: unknown): Ownership {
  const object = reader.object(value, "ownership");
  const owner = reader.oneOf(object["owner"], "ownership.owner", ["stack", "service"] as const);
  const primary = object["primary"] == null ? null : reader.name(object["primary"], "ownership.primary");
  if (owner === "service" && primary === null)
    reader.problems.push("ownership.primary: the owner is 'service', so a member must be named");
  const adopted: Record<string, AdoptedLoadBalancer> | null = object["adopted"] == null ? null : {};
  for (const [service, balancer] of Object.entries(
    adopted === null ? {} : reader.object(object["adopted"], "ownership.adopted"),
  )) {
    if (adopted !== null)
      adopted[reader.name(service, "ownership.adopted")] = loadBalancerOf(
        reader,
        balancer,
        `ownership.adopted.${service}`,
      );
  }
  const former = object["formerPrimary"];
  const formerPrimary = former == null ? null : reader.name(former, "ownership.formerPrimary");
  return { owner, primary, adopted, ...(formerPrimary === null ? {} : { formerPrimary }) };
}
