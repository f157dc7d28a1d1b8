/**
 * A program of a user's own, as scripts/package-test.mjs installs, type-checks and runs it in an empty project: the
 * environment's program under Pulumi's mocks, with a resource of the user's own beside it.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { planUpgrade, status, upgrade, type DriverEvent, type StatusReport, type UpgradeOptions } from "eks-blue-green";
import { SharedLoadBalancer, Workload, type SharedServiceArgs } from "eks-blue-green/components";
import program from "eks-blue-green/stacks";

const config = {
  "aws:region": "eu-central-1",
  "eks-blue-green:kubernetesVersion": "1.35",
  "eks-blue-green:members": JSON.stringify(["blue", "green"]),
  "eks-blue-green:network": JSON.stringify({
    cidrBlock: "10.42.0.0/16",
    availabilityZones: ["eu-central-1a", "eu-central-1b"],
  }),
  "eks-blue-green:services": JSON.stringify([
    {
      name: "web",
      namespace: "web",
      image: "registry.example/web:7",
      port: 80,
      targetPort: 8080,
      replicas: 3,
      healthCheckPath: "/healthz",
    },
  ]),
};

/** Only the types are looked at: that what the driver offers can be called. */
export async function asTyped(onEvent: (event: DriverEvent) => void): Promise<StatusReport> {
  const options: UpgradeOptions = {
    projectDirectory: ".",
    environment: "prod",
    onEvent: (event) => onEvent({ at: new Date().toISOString(), ...event }),
  };
  await upgrade(options);
  return await status(options);
}

async function preview(): Promise<string[]> {
  const types: string[] = [];
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        types.push(type);
        return { id: `${name}-id`, state: { ...inputs, arn: `arn:aws:test:::${name}` } };
      },
      call: ({ token, inputs }) => {
        // The stack's own outputs, before its first update.
        if (token === "pulumi:pulumi:readStackOutputs") {
          const details = `unknown stack "${String(inputs["name"])}"`;
          throw Object.assign(new Error(details), { details });
        }
        return inputs as Record<string, unknown>;
      },
    },
    "shop",
    "prod",
    true,
    "organization",
  );
  await pulumi.runtime.runInPulumiStack(async () => {
    new aws.s3.Bucket("of-their-own");
    return await program();
  });
  return types;
}

async function main(): Promise<void> {
  const args: SharedServiceArgs = { name: "shop", port: 80, targetPort: 8080 };
  const types = await preview();
  console.log(
    JSON.stringify({
      resources: types.length,
      own: types.includes("aws:s3/bucket:Bucket"),
      network: types.some((type) => type.startsWith("aws:ec2/")),
      loadBalancer: types.includes("aws:lb/loadBalancer:LoadBalancer"),
      callable: [planUpgrade, status, upgrade, SharedLoadBalancer, Workload].every((one) => typeof one === "function"),
      name: args.name,
    }),
  );
}

void main();
