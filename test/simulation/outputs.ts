/** What the stacks of the simulated world put out. */
import { groupsOf } from "../../stacks/config/group-refs";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { roleOf } from "./evacuations";
import { services } from "./weights";
import { groupArn, groupArnOf, type World } from "./world";

export function environmentOutputsOf(world: World): EnvironmentOutputs {
  const web = {
    name: "web",
    service: "web",
    loadBalancerArn: "lb",
    dnsName: "lb.localhost",
    targetGroupArn: groupArn,
    targetGroupName: "web",
    listenerArn: "l",
    port: 80,
  };
  return {
    schemaVersion: 1,
    environment: "dev",
    region: "us-east-1",
    record: structuredClone(world.record),
    config: world.deployed,
    network: { vpcId: "vpc-1", cidrBlock: "10.42.0.0/16", privateSubnetIds: [], publicSubnetIds: [] },
    loadBalancer: {
      owner: "stack",
      primary: null,
      arn: "lb",
      dnsName: "lb.localhost",
      securityGroupId: "sg-1",
      ...(world.weights === null ? { services: { web } } : { traffic: "weighted", services: ownGroups(world) }),
    },
  };
}

function ownGroups(world: World): EnvironmentOutputs["loadBalancer"]["services"] {
  return Object.fromEntries(
    groupsOf(world.deployed, world.members, "weighted").map(({ key, service, port, member }) => [
      key,
      {
        name: key,
        service,
        portKey: port,
        member,
        loadBalancerArn: "lb",
        dnsName: "lb.localhost",
        targetGroupArn: groupArnOf(service, member ?? ""),
        targetGroupName: key,
        listenerArn: `l-${service}`,
        port: service === "web" ? 80 : 8080,
      },
    ]),
  );
}

export function memberOutputsOf(world: World, name: string): MemberOutputs | null {
  const { revision, known } = world.stackOf(name);
  if (revision === null || known === null) return null;
  const web = {
    namespace: "web",
    deployment: "web",
    service: "web",
    servicePort: 80,
    targetGroupArn: groupArn,
    binding: known.bound ? "web" : null,
    selector: { app: "web" },
  };
  return {
    schemaVersion: 1,
    environment: "dev",
    member: name,
    declared: world.record.placement[name] ?? { role: "absent", version: null, workload: "running" },
    revision,
    clusterName: `dev-${name}`,
    endpoint: "https://127.0.0.1:1",
    certificateAuthorityData: "",
    kubeconfig: "{}",
    region: "us-east-1",
    controller: { namespace: "kube-system", deployment: "lbc", version: "3.5.0", roleName: roleOf(name) },
    services:
      world.weights === null
        ? { web }
        : Object.fromEntries(
            services.map((service) => [service, { ...web, targetGroupArn: groupArnOf(service, name) }]),
          ),
  };
}
