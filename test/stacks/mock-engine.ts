/**
 * Runs a program against Pulumi's mocks and lists what it registered, with protection, dependencies and timeouts, which
 * the mocks alone don't show.
 */
import * as pulumi from "@pulumi/pulumi";
import { withoutPromiseTraces } from "../../automation/adapters/pulumi/engine/sdk";

// Under ts-node each trace is mapped to the sources, and a program makes thousands: three quarters of these tests' time.
withoutPromiseTraces(require);

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  /** Id of what is imported; empty: it is created. */
  readonly importId: string;
  readonly retainOnDelete: boolean;
  readonly parent: string;
  /** Its URN and id; empty: the engine's default. */
  readonly provider: string;
  readonly dependencies: readonly string[];
  /** Properties that keep what is deployed. */
  readonly ignoreChanges: readonly string[];
  /** `customTimeouts.update`, as `60m`; empty: none. */
  readonly updateTimeout: string;
}

export interface MockRun<T> {
  readonly outputs: T;
  readonly resources: readonly Registered[];
  readonly calls: readonly { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> }[];
}

export interface MockWorld {
  readonly stack: string;
  /** Whether the program runs below a stack resource, as under an engine. Its outputs are that resource's. Default no. */
  readonly inStack?: true;
  /** Last outputs by stack name; a string is the error that reading answers with. */
  readonly stacks?: Readonly<Record<string, Readonly<Record<string, unknown>> | string>>;
  /** Resource URNs by stack name. */
  readonly stackResources?: Readonly<Record<string, readonly string[] | string>>;
  /** What EKS says of a cluster's version; missing: no such cluster. */
  readonly clusterVersion?: string;
  readonly clusterVpcId?: string;
  /** Whether an existing cluster runs in EKS Auto Mode. */
  readonly clusterAutoMode?: boolean;
  /** Add-ons of an existing cluster; missing: whatever is asked for. */
  readonly clusterAddons?: readonly string[];
  /** Subnets of a cluster that is there; missing: not told. */
  readonly clusterSubnetIds?: readonly string[];
  /** Of an existing VPC. */
  readonly secondaryCidrBlocks?: readonly string[];
  /** Default `aws`. */
  readonly partition?: string;
  /** Of the existing cluster. Default `ipv4`. */
  readonly clusterIpFamily?: "ipv4" | "ipv6";
  /** Annotations of Services that the program reads, by `namespace/name`; missing: none. */
  readonly theirAnnotations?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Selectors of Services that the program reads, by `namespace/name`; missing: none. */
  readonly theirSelectors?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Tags `service.k8s.aws/resource` of the target groups that a primary's controller has made; missing: it has made
   * nothing.
   */
  readonly controllerTargetGroups?: readonly string[];
  /**
   * Groups of those load balancers by tag `service.k8s.aws/stack`; missing: the one that the controller made for it,
   * and the one that it shares out.
   */
  readonly loadBalancerGroups?: Readonly<Record<string, readonly string[]>>;
  /** What every look for a target group fails with. */
  readonly targetGroupFailure?: string;
  /** Makes resources instead of the mocks; null: not this one. */
  readonly make?: (resource: MadeResource) => Promise<{ readonly id: string; readonly state: object }> | null;
  /** Answers calls instead of the mocks; null: not this one. */
  readonly answer?: (token: string, inputs: Readonly<Record<string, unknown>>) => Promise<object> | null;
}

export interface MadeResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export const kubeconfigJson = JSON.stringify({
  clusters: [{ name: "c", cluster: { server: "https://cluster.example", "certificate-authority-data": "Q0E=" } }],
});

/** The engine's client takes the text of a failure from gRPC's `details`. */
const failure = (details: string): Error => Object.assign(new Error(details), { details });

function call(world: MockWorld, token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const stackOf = (name: unknown): string => String(name).split("/").at(-1) ?? "";
  switch (token) {
    case "pulumi:pulumi:readStackOutputs": {
      const outputs = world.stacks?.[stackOf(inputs["name"])];
      if (outputs === undefined) throw failure(`unknown stack "${String(inputs["name"])}"`);
      if (typeof outputs === "string") throw failure(outputs);
      return { outputs };
    }
    case "pulumi:pulumi:readStackResourceOutputs": {
      const urns = world.stackResources?.[stackOf(inputs["stackName"])];
      if (urns === undefined) throw failure(`unknown stack "${String(inputs["stackName"])}"`);
      if (typeof urns === "string") throw failure(urns);
      return { outputs: Object.fromEntries(urns.map((urn) => [urn, {}])) };
    }
    case "aws:eks/getCluster:getCluster":
      if (world.clusterVersion === undefined) throw failure("ResourceNotFoundException: No cluster found");
      return {
        ...inputs,
        version: world.clusterVersion,
        endpoint: "https://existing.example",
        certificateAuthorities: [{ data: "Q0E=" }],
        kubernetesNetworkConfigs: [{ ipFamily: world.clusterIpFamily ?? "ipv4" }],
        computeConfigs: world.clusterAutoMode === true ? [{ enabled: true }] : [],
        vpcConfig: {
          vpcId: world.clusterVpcId ?? "vpc-0",
          clusterSecurityGroupId: "sg-existing",
          subnetIds: world.clusterSubnetIds ?? [],
        },
      };
    case "aws:eks/getAddon:getAddon":
      if (world.clusterAddons?.includes(String(inputs["addonName"])) === false)
        throw failure("reading EKS Add-On: couldn't find resource");
      return { ...inputs, addonVersion: "v1" };
    case "aws:lb/getTargetGroup:getTargetGroup": {
      const resource = (inputs["tags"] as Record<string, string>)["service.k8s.aws/resource"] ?? "";
      if (world.targetGroupFailure !== undefined) throw failure(world.targetGroupFailure);
      if (inputs["arn"] !== undefined && inputs["arn"] !== `arn:of:${resource}`)
        throw failure("Search returned 0 results, please revise so only one is returned");
      if (world.controllerTargetGroups?.includes(resource) !== true)
        throw failure("no matching ELBv2 Target Group found");
      return { ...inputs, arn: `arn:of:${resource}` };
    }
    case "aws:lb/getLoadBalancer:getLoadBalancer": {
      if (world.controllerTargetGroups === undefined)
        throw failure("Search returned 0 results, please revise so only one is returned");
      return {
        ...inputs,
        name: "k8s-web",
        securityGroups: world.loadBalancerGroups?.[
          (inputs["tags"] as Record<string, string>)["service.k8s.aws/stack"] ?? ""
        ] ?? ["sg-managed", "sg-backend"],
      };
    }
    case "aws:ec2/getSecurityGroup:getSecurityGroup":
      if (world.controllerTargetGroups === undefined) throw failure("no matching EC2 Security Group found");
      return {
        ...inputs,
        id:
          (inputs["tags"] as Record<string, string>)["service.k8s.aws/resource"] === "ManagedLBSecurityGroup"
            ? "sg-managed"
            : "sg-backend",
      };
    case "aws:eks/getAddonVersion:getAddonVersion":
      return { ...inputs, version: `v1.2.3-eksbuild.${String(inputs["kubernetesVersion"]).split(".")[1]}` };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { ...inputs, arn: "arn:aws:sts::123456789012:assumed-role/ci/session" };
    case "aws:index/getPartition:getPartition":
      return { ...inputs, partition: world.partition ?? "aws" };
    case "aws:ec2/getVpc:getVpc":
      return {
        ...inputs,
        cidrBlock: "10.99.0.0/16",
        cidrBlockAssociations: ["10.99.0.0/16", ...(world.secondaryCidrBlocks ?? [])].map((cidrBlock) => ({
          associationId: "a",
          cidrBlock,
          state: "associated",
        })),
      };
    default:
      throw new Error(`unexpected call of ${token}`);
  }
}

/** Runs the program to its end: until every resource it declared is registered. */
export async function runUnderMocks<T>(world: MockWorld, program: () => Promise<T>): Promise<MockRun<T>> {
  const calls: { token: string; inputs: Record<string, unknown> }[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) =>
        world.make?.({ type, name, inputs }) ??
        (type === "kubernetes:core/v1:Service" && (id ?? "") !== ""
          ? {
              id: id ?? "",
              state: {
                metadata: { annotations: world.theirAnnotations?.[id ?? ""] ?? {} },
                spec: { selector: world.theirSelectors?.[id ?? ""] ?? {} },
              },
            }
          : {
              id: `${name}-id`,
              state: {
                ...inputs,
                arn: `arn:${type}:${name}`,
                ...(type === "eks:index:Cluster"
                  ? {
                      kubeconfigJson,
                      clusterSecurityGroupId: "sg-cluster",
                      oidcProviderArn: "arn:oidc",
                      oidcProviderUrl: "https://oidc.example/id",
                    }
                  : {}),
                ...(type.includes("loadBalancer:") ? { dnsName: `${name}.elb.example` } : {}),
              },
            }),
      call: ({ token, inputs }) => {
        calls.push({ token, inputs });
        return world.answer?.(token, inputs) ?? call(world, token, inputs);
      },
    },
    "eks-blue-green",
    world.stack,
    false,
    "organization",
  );
  const resources: Registered[] = [];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the engine's own request objects, which no type describes
  const monitor = pulumi.runtime.getMonitor() as any;
  const register = monitor.registerResource.bind(monitor);
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  monitor.registerResource = (request: any, callback: unknown): void => {
    resources.push({
      type: request.getType(),
      name: request.getName(),
      inputs: request.getObject()?.toJavaScript() ?? {},
      protect: request.getProtect() === true,
      retainOnDelete: request.getRetainondelete() === true,
      importId: request.getImportid(),
      parent: lastName(request.getParent()),
      provider: request.getProvider(),
      dependencies: request.getDependenciesList().map(shortUrn),
      ignoreChanges: request.getIgnorechangesList(),
      updateTimeout: request.getCustomtimeouts()?.getUpdate() ?? "",
    });
    register(request, callback);
  };
  const outputs = await resolved(
    world.inStack === true ? await pulumi.runtime.runInPulumiStack(program) : await program(),
  );
  await pulumi.runtime.disconnect();
  return { outputs: outputs as T, resources, calls };
}

const lastName = (urn: string): string => urn.split("::").at(-1) ?? "";
/** `type name` of a URN, without the parents' types. */
const shortUrn = (urn: string): string => `${urn.split("::")[2]?.split("$").at(-1)} ${lastName(urn)}`;

function resolved(value: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const plain = pulumi.output(value) as pulumi.Output<unknown>;
    plain.apply((known) => {
      resolve(known);
      return known;
    });
    setTimeout(() => reject(new Error("outputs never resolved")), 30_000).unref();
  });
}

/** `type name` of everything, sorted. */
export const listing = (resources: readonly Registered[]): string[] =>
  resources.map(({ type, name }) => `${type} ${name}`).sort();

export function find(resources: readonly Registered[], type: string, name: string): Registered {
  const found = resources.find((resource) => resource.type === type && resource.name === name);
  if (found === undefined) throw new Error(`no ${type} ${name} among:\n${listing(resources).join("\n")}`);
  return found;
}

/** The config of the repository's own `dev` environment, as Pulumi hands it out. */
export const devValues: Readonly<Record<string, string>> = {
  "aws:region": "us-east-1",
  "eks-blue-green:kubernetesVersion": "1.35",
  "eks-blue-green:members": '["blue","green"]',
  "eks-blue-green:network":
    '{"cidrBlock":"10.42.0.0/16","availabilityZones":["us-east-1a","us-east-1b"],"natGateways":"one"}',
  "eks-blue-green:cluster": '{"nodes":{"instanceTypes":["m6i.large"],"desiredSize":2,"minSize":2,"maxSize":4}}',
  "eks-blue-green:services":
    '[{"name":"web","namespace":"web","image":"eks-blue-green/echo:1","port":80,"targetPort":8080,"replicas":3}]',
};

/** Those of `dev` with other keys of ours, as Pulumi keeps them. */
export const devWith = (change: Readonly<Record<string, unknown>>): Record<string, string> => ({
  ...devValues,
  ...Object.fromEntries(
    Object.entries(change).map(([key, value]) => [
      `eks-blue-green:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  ),
});
