/**
 * A world for programs under Pulumi's mocks in which the aws stand-in really makes what they declare, in the AWS front
 * and moto, with the children of the eks components; then each of it is refreshed and compared with the program again.
 */
import * as pulumi from "@pulumi/pulumi";
import { AwsStandIn, awsResources } from "../../../../sandbox/providers/aws/provider";
import { ClusterComponent } from "../../../../sandbox/providers/eks/cluster";
import { ManagedNodeGroupComponent } from "../../../../sandbox/providers/eks/managed-node-group";
import type { Props } from "../../../../sandbox/providers/rpc/values";
import { kubeconfigJson, type MadeResource, type MockWorld } from "../../../stacks/mock-engine";

export interface Made {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Props;
  readonly outputs: Props;
}
/** `type name: path` of what another preview would change. */
export type Change = string;

const ours = new Set(awsResources.map((one) => one.token));
const limits = () => ({ signal: new AbortController().signal, timeoutSeconds: 60 });
const about = ({ type, name }: { readonly type: string; readonly name: string }) => ({
  urn: `urn:pulumi:s::p::${type}::${name}`,
  type,
  name,
  seed: Buffer.from(name),
});

const plain = <T>(value: pulumi.Input<T>): Promise<T> =>
  new Promise((resolve) => {
    pulumi.output(value).apply((known) => resolve(known as T));
  });

/** The engine's client takes the text of a failure from gRPC's `details`. */
const refuse = (error: Error): never => {
  throw Object.assign(error, { details: error.message });
};

export class StandInWorld {
  readonly made: Made[] = [];
  private fail: (error: unknown) => void = () => undefined;
  /** Ends with the first thing that could not be made: under mocks a program waits for it for ever. */
  readonly failed = new Promise<never>((_, reject) => (this.fail = reject));

  constructor(private readonly provider: AwsStandIn) {
    this.failed.catch(() => undefined);
  }

  /** Hooks for a run of a program. */
  hooks(): Pick<MockWorld, "make" | "answer"> {
    return {
      make: (resource) => {
        if (ours.has(resource.type))
          return this.create(resource).catch((error: unknown) => {
            this.fail(error);
            throw error;
          });
        // The components themselves register as the same type, without inputs.
        if (Object.keys(resource.inputs).length === 0) return null;
        if (resource.type === "eks:index:Cluster") return this.cluster(resource);
        return resource.type === "eks:index:ManagedNodeGroup" ? this.nodeGroup(resource) : null;
      },
      answer: (token, inputs) =>
        token.startsWith("aws:") ? this.provider.invoke(token, inputs).then((answer) => ({ ...answer }), refuse) : null,
    };
  }

  async create({ type, name, inputs }: MadeResource): Promise<{ id: string; state: object }> {
    const target = about({ type, name });
    const checked = await this.provider.check({ ...target, olds: {}, news: JSON.parse(JSON.stringify(inputs)) });
    if (checked.failures.length > 0) throw new Error(`${type} ${name}: ${JSON.stringify(checked.failures)}`);
    const { id, outputs } = await this.provider.create({ ...target, inputs: checked.inputs, preview: false }, limits());
    this.made.push({ type, name, id, inputs: checked.inputs, outputs });
    return { id, state: outputs };
  }

  private async cluster({ name, inputs }: MadeResource): Promise<{ id: string; state: object }> {
    const { state } = new ClusterComponent(name, inputs as pulumi.Inputs, {});
    const subnetIds = (inputs["subnetIds"] ?? inputs["privateSubnetIds"]) as string[];
    return {
      id: "",
      state: {
        kubeconfigJson,
        clusterSecurityGroupId: await plain(state["clusterSecurityGroupId"]),
        oidcProviderArn: await plain(state["oidcProviderArn"]),
        oidcProviderUrl: await plain(state["oidcProviderUrl"]),
        core: { cluster: { name: inputs["name"] }, subnetIds },
      },
    };
  }

  private async nodeGroup({ name, inputs }: MadeResource): Promise<{ id: string; state: object }> {
    const { state } = new ManagedNodeGroupComponent(name, inputs as pulumi.Inputs, {});
    await plain((state["nodeGroup"] as pulumi.CustomResource).id);
    return { id: "", state: {} };
  }

  /** Deletes all, so that the next program may have the same names. */
  async clear(): Promise<void> {
    for (const one of this.made.splice(0).reverse()) {
      if (one.outputs["enableDeletionProtection"] === true) await this.unprotect(one);
      await this.provider.delete({ ...about(one), id: one.id, oldInputs: one.inputs, outputs: one.outputs }, limits());
    }
  }

  private async unprotect(one: Made): Promise<void> {
    const news = { ...one.inputs, enableDeletionProtection: false };
    await this.provider.update(
      { ...about(one), id: one.id, oldInputs: one.inputs, oldOutputs: one.outputs, news, preview: false },
      limits(),
    );
  }

  /** A refresh of each, then a preview of the same program. */
  async changes(): Promise<Change[]> {
    const found: Change[] = [];
    for (const one of this.made) {
      const read = await this.provider.read({ ...about(one), id: one.id, inputs: one.inputs, outputs: one.outputs });
      if (read === null) found.push(`${one.type} ${one.name}: gone`);
      else {
        const call = { ...about(one), id: one.id, oldInputs: read.inputs, oldOutputs: read.outputs, news: one.inputs };
        const { changes } = await this.provider.diff(call);
        found.push(...changes.map(({ path }) => `${one.type} ${one.name}: ${path}`));
      }
    }
    return found.sort();
  }
}
