/** `memberClusters`: members whose clusters are there already. */
import type { Problem } from "../../components/internal/problems";
import type { ExistingClusterConfig, MemberClusterConfig } from "./types";
import { ObjectReader } from "./object-reader";

const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function readExisting(reader: ObjectReader): ExistingClusterConfig {
  const name = (key: string, otherwise: string): string =>
    reader.text(
      key,
      otherwise,
      objectName,
      "must be the name of a Kubernetes object",
      "Write lower-case letters, digits and dashes",
    );
  const existing = {
    clusterName: reader.text(
      "clusterName",
      undefined,
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
      "must be the name of an EKS cluster of this account and region",
      "Look it up: aws eks list-clusters",
    ),
    controller: reader.oneOf("controller", ["existing", "managed"] as const, "existing"),
    controllerNamespace: name("controllerNamespace", "kube-system"),
    controllerDeployment: name("controllerDeployment", "aws-load-balancer-controller"),
    podSecurityGroupId: reader.given("podSecurityGroupId")
      ? reader.text(
          "podSecurityGroupId",
          undefined,
          /^sg-[0-9a-z]+$/,
          "must be the id of a security group",
          "Write it like sg-0123456789abcdef0",
        )
      : null,
  };
  reader.finish();
  return existing;
}

/** Null when the key is missing. */
export function readMemberClusters(
  reader: ObjectReader,
  problems: Problem[],
  members: readonly string[],
): Readonly<Record<string, MemberClusterConfig>> | null {
  const found: Record<string, MemberClusterConfig> = {};
  const clusters = new Map<string, string>();
  for (const member of members) {
    if (!reader.given(member)) continue;
    const inner = new ObjectReader(problems, reader.at(member), reader.raw(member));
    const existing = inner.given("existing") ? readExisting(inner.inner("existing")) : null;
    inner.finish();
    const other = existing === null ? undefined : clusters.get(existing.clusterName);
    if (existing !== null && other !== undefined)
      reader.add(
        `${member}.existing.clusterName`,
        existing.clusterName,
        `is member '${other}' already`,
        "Give every member its own cluster: two under one name adopt each other's load balancers",
      );
    if (existing !== null) clusters.set(existing.clusterName, member);
    found[member] = { existing };
  }
  reader.finish();
  return Object.keys(found).length === 0 ? null : found;
}
