/** What the eks components are made of: types, names and parents of the official provider 4.3.0. */
import * as pulumi from "@pulumi/pulumi";
import { ClusterComponent } from "./cluster";
import { ManagedNodeGroupComponent } from "./managed-node-group";
import { AddonComponent, ServiceRole, VpcCniAddonComponent } from "./parts";

/** A cluster that a program hands to another component arrives as a reference; its outputs come from the engine. */
class ClusterReference extends pulumi.ComponentResource {
  declare readonly core: pulumi.Output<unknown>;
  constructor(name: string, urn: string) {
    super("eks:index:Cluster", name, { core: undefined }, { urn }, true);
  }
}
pulumi.runtime.registerResourceModule("eks", "index", {
  version: "4.3.0",
  construct: (name: string, type: string, urn: string) => {
    if (type !== "eks:index:Cluster") throw new Error(`unknown resource type ${type}`);
    return new ClusterReference(name, urn);
  },
});

export async function constructComponent(
  name: string,
  type: string,
  inputs: pulumi.Inputs,
  options: pulumi.ComponentResourceOptions,
): Promise<{ urn: pulumi.Output<string>; state: pulumi.Inputs }> {
  switch (type) {
    case "eks:index:Cluster": {
      const made = new ClusterComponent(name, inputs, options);
      return { urn: made.urn, state: made.state };
    }
    case "eks:index:ManagedNodeGroup": {
      const made = new ManagedNodeGroupComponent(name, inputs, options);
      return { urn: made.urn, state: made.state };
    }
    case "eks:index:Addon": {
      const made = new AddonComponent(name, inputs, options);
      return { urn: made.urn, state: made.state };
    }
    case "eks:index:VpcCniAddon": {
      const made = new VpcCniAddonComponent(name, inputs, options);
      return { urn: made.urn, state: {} };
    }
    case "eks:index:ServiceRole": {
      const made = new ServiceRole(name, inputs as never, options);
      return { urn: made.urn, state: { resolvedRole: made.role } };
    }
    default:
      throw new Error(
        `the sandbox's stand-in for the eks provider has no ${type}; use the official plugin with --provider eks=PATH`,
      );
  }
}
