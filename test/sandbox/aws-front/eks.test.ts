/** EKS: node groups that surge and follow launch templates, add-ons, pod identity. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { CreateLaunchTemplateCommand, CreateSecurityGroupCommand, DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import { hasCode, until, useRig } from "./rig";

const role = "arn:aws:iam::123456789012:role/r";

describe("AWS front, EKS", function () {
  this.timeout(60_000);
  const rig = useRig();
  const clusterName = "blue";
  const active = (nodegroupName: string): Promise<unknown> =>
    until(
      `${nodegroupName} to be active`,
      async () =>
        (await rig().eks.send(new eks.DescribeNodegroupCommand({ clusterName, nodegroupName }))).nodegroup?.status ===
        "ACTIVE",
    );
  const nodesOf = (
    nodegroup: string,
  ): readonly { instanceId: string; version: string; securityGroupIds: readonly string[] }[] =>
    (rig().nodes.get(clusterName) ?? []).filter((one) => one.nodegroup === nodegroup);
  const done = async (update: eks.Update | undefined, more: object): Promise<string | undefined> => {
    const look = async (): Promise<string | undefined> =>
      (await rig().eks.send(new eks.DescribeUpdateCommand({ name: clusterName, updateId: update?.id, ...more }))).update
        ?.status;
    await until("the update", async () => (await look()) !== "InProgress");
    return look();
  };

  before(async () => {
    await rig().eks.send(
      new eks.CreateClusterCommand({
        name: clusterName,
        version: "1.34",
        roleArn: role,
        resourcesVpcConfig: { subnetIds: rig().subnets },
        accessConfig: { authenticationMode: "API" },
      }),
    );
    await until(
      "the cluster",
      async () =>
        (await rig().eks.send(new eks.DescribeClusterCommand({ name: clusterName }))).cluster?.status === "ACTIVE",
    );
  });

  it("deletes no cluster that is protected, and switches the protection by an update of its own", async () => {
    const name = "kept";
    const { eks: client, subnets } = rig();
    const config = (input: Omit<eks.UpdateClusterConfigCommandInput, "name">) =>
      client.send(new eks.UpdateClusterConfigCommand({ name, ...input }));
    const status = async () => (await client.send(new eks.DescribeClusterCommand({ name }))).cluster?.status;
    const remove = () => client.send(new eks.DeleteClusterCommand({ name }));
    await client.send(
      new eks.CreateClusterCommand({
        name,
        roleArn: role,
        resourcesVpcConfig: { subnetIds: subnets },
        deletionProtection: true,
      }),
    );
    await until("the cluster", async () => (await status()) === "ACTIVE");
    await assert.rejects(remove(), hasCode("InvalidRequestException"));
    const both = { deletionProtection: false, upgradePolicy: { supportType: "STANDARD" } } as const;
    await assert.rejects(config(both), /Only one type of update can be allowed/);
    await assert.rejects(config({}), /The type for cluster update was not provided/);
    const { update } = await config({ deletionProtection: false });
    assert.deepEqual(
      [update?.type, update?.params],
      ["DeletionProtectionUpdate", [{ type: "DeletionProtection", value: "false" }]],
    );
    await until("the update", async () => (await status()) === "ACTIVE");
    await remove();
    await until("the deletion", async () => (await status().catch(() => "gone")) === "gone");
  });

  it("replaces nodes: the new ones first, then the old ones one by one, and ends the old machines", async () => {
    await rig().eks.send(
      new eks.CreateNodegroupCommand({
        clusterName,
        nodegroupName: "surge",
        nodeRole: role,
        subnets: rig().subnets,
        version: "1.33",
        scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 2 },
      }),
    );
    await active("surge");
    const old = nodesOf("surge").map((one) => one.instanceId);
    const from = rig().sizes.length;
    const { update } = await rig().eks.send(
      new eks.UpdateNodegroupVersionCommand({ clusterName, nodegroupName: "surge", version: "1.34" }),
    );
    await assert.rejects(
      rig().eks.send(
        new eks.UpdateNodegroupConfigCommand({
          clusterName,
          nodegroupName: "surge",
          scalingConfig: { desiredSize: 1 },
        }),
      ),
      hasCode("ResourceInUseException"),
    );
    assert.equal(await done(update, { nodegroupName: "surge" }), "Successful");
    assert.deepEqual(rig().sizes.slice(from), [4, 3, 2]);
    assert.deepEqual(
      nodesOf("surge").map((one) => one.version),
      ["1.34", "1.34"],
    );
    assert.ok(nodesOf("surge").every((one) => !old.includes(one.instanceId)));
    const states = (await rig().ec2.send(new DescribeInstancesCommand({ InstanceIds: old }))).Reservations?.flatMap(
      (one) => one.Instances ?? [],
    ).map((one) => one.State?.Name);
    assert.deepEqual(states, ["terminated", "terminated"]);
    await assert.rejects(
      rig().eks.send(new eks.UpdateNodegroupVersionCommand({ clusterName, nodegroupName: "surge", version: "1.35" })),
      hasCode("InvalidParameterException"),
    );
  });

  it(
    "new nodes that never join fail the update with NodeCreationFailure and don't stay; the old ones are not " +
      "touched, and the same update goes through later",
    async () => {
      await rig().eks.send(
        new eks.CreateNodegroupCommand({
          clusterName,
          nodegroupName: "failing",
          nodeRole: role,
          subnets: rig().subnets,
          version: "1.33",
          scalingConfig: { minSize: 1, maxSize: 2, desiredSize: 2 },
        }),
      );
      await active("failing");
      const old = nodesOf("failing");
      rig().roomForNodes = rig().nodes.get(clusterName)?.length ?? 0;
      const { update } = await rig().eks.send(
        new eks.UpdateNodegroupVersionCommand({ clusterName, nodegroupName: "failing", version: "1.34" }),
      );
      assert.equal(await done(update, { nodegroupName: "failing" }), "Failed");
      const [error] =
        (
          await rig().eks.send(
            new eks.DescribeUpdateCommand({ name: clusterName, updateId: update?.id, nodegroupName: "failing" }),
          )
        ).update?.errors ?? [];
      assert.equal(error?.errorCode, "NodeCreationFailure");
      assert.match(
        error?.errorMessage ?? "",
        /new nodes are not joining node group failing: the nodes were not ready after 150 s/,
      );
      assert.equal(error?.resourceIds?.length, 2);
      assert.ok(error?.resourceIds?.every((name) => !old.some((one) => name.includes(one.instanceId))));
      await until("the new ones to be gone", () => nodesOf("failing").length === old.length);
      assert.deepEqual(nodesOf("failing"), old);
      const { nodegroup } = await rig().eks.send(
        new eks.DescribeNodegroupCommand({ clusterName, nodegroupName: "failing" }),
      );
      assert.deepEqual([nodegroup?.status, nodegroup?.version], ["ACTIVE", "1.33"]);
      rig().roomForNodes = Number.POSITIVE_INFINITY;
      const again = await rig().eks.send(
        new eks.UpdateNodegroupVersionCommand({ clusterName, nodegroupName: "failing", version: "1.34" }),
      );
      assert.equal(await done(again.update, { nodegroupName: "failing" }), "Successful");
      assert.deepEqual(
        nodesOf("failing").map((one) => one.version),
        ["1.34", "1.34"],
      );
    },
  );

  it("scales, changes labels, and refuses sizes that contradict each other", async () => {
    const resized = await rig().eks.send(
      new eks.UpdateNodegroupConfigCommand({
        clusterName,
        nodegroupName: "surge",
        scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 3 },
        labels: { addOrUpdateLabels: { tier: "web" } },
      }),
    );
    assert.equal(await done(resized.update, { nodegroupName: "surge" }), "Successful");
    assert.equal(nodesOf("surge").length, 3);
    assert.deepEqual(
      (await rig().eks.send(new eks.DescribeNodegroupCommand({ clusterName, nodegroupName: "surge" }))).nodegroup
        ?.labels,
      { tier: "web" },
    );
    await assert.rejects(
      rig().eks.send(
        new eks.UpdateNodegroupConfigCommand({
          clusterName,
          nodegroupName: "surge",
          scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 4 },
        }),
      ),
      hasCode("InvalidParameterException"),
    );
  });

  it("gives nodes their launch template's security groups, and the cluster's own without", async () => {
    const own =
      (
        await rig().ec2.send(
          new CreateSecurityGroupCommand({ GroupName: "nodes", Description: "nodes", VpcId: rig().vpcId }),
        )
      ).GroupId ?? "";
    const template = await rig().ec2.send(
      new CreateLaunchTemplateCommand({ LaunchTemplateName: "nodes", LaunchTemplateData: { SecurityGroupIds: [own] } }),
    );
    await rig().eks.send(
      new eks.CreateNodegroupCommand({
        clusterName,
        nodegroupName: "templated",
        nodeRole: role,
        subnets: rig().subnets,
        scalingConfig: { minSize: 1, maxSize: 1, desiredSize: 1 },
        launchTemplate: { id: template.LaunchTemplate?.LaunchTemplateId, version: "1" },
      }),
    );
    await active("templated");
    assert.deepEqual(
      nodesOf("templated").map((one) => one.securityGroupIds),
      [[own]],
    );
    const clusterGroup =
      (await rig().eks.send(new eks.DescribeClusterCommand({ name: clusterName }))).cluster?.resourcesVpcConfig
        ?.clusterSecurityGroupId ?? "";
    assert.ok(nodesOf("surge").every((one) => one.securityGroupIds.join() === clusterGroup));
    const machine = (
      await rig().ec2.send(new DescribeInstancesCommand({ InstanceIds: [nodesOf("templated")[0]?.instanceId ?? ""] }))
    ).Reservations?.[0]?.Instances?.[0];
    assert.deepEqual(
      machine?.SecurityGroups?.map((one) => one.GroupId),
      [own],
    );
  });

  it("keeps add-ons by version, and has each once", async () => {
    const addonName = "coredns";
    const status = async (): Promise<string | undefined> =>
      (await rig().eks.send(new eks.DescribeAddonCommand({ clusterName, addonName }))).addon?.status;
    const made = await rig().eks.send(
      new eks.CreateAddonCommand({ clusterName, addonName, configurationValues: "{}" }),
    );
    assert.equal(made.addon?.status, "CREATING");
    await assert.rejects(
      rig().eks.send(new eks.CreateAddonCommand({ clusterName, addonName })),
      hasCode("ResourceInUseException"),
    );
    // A client that lost the answer asks again with the same token: that is no second creation.
    const clientRequestToken = randomUUID();
    const vpcCni = { clusterName, addonName: "vpc-cni", clientRequestToken };
    const twice = [
      await rig().eks.send(new eks.CreateAddonCommand(vpcCni)),
      await rig().eks.send(new eks.CreateAddonCommand(vpcCni)),
    ];
    assert.equal(twice[0]?.addon?.addonArn, twice[1]?.addon?.addonArn);
    await assert.rejects(
      rig().eks.send(new eks.CreateAddonCommand({ ...vpcCni, clientRequestToken: randomUUID() })),
      hasCode("ResourceInUseException"),
    );
    await rig().eks.send(new eks.DeleteAddonCommand({ clusterName, addonName: "vpc-cni" }));
    await until("the add-on", async () => (await status()) === "ACTIVE");
    const standard = (
      await rig().eks.send(new eks.DescribeAddonVersionsCommand({ addonName, kubernetesVersion: "1.34" }))
    ).addons?.[0]?.addonVersions?.find((one) => one.compatibilities?.[0]?.defaultVersion)?.addonVersion;
    assert.equal(made.addon?.addonVersion, standard);
    await assert.rejects(
      rig().eks.send(new eks.UpdateAddonCommand({ clusterName, addonName, addonVersion: "1.2.3" })),
      hasCode("InvalidParameterException"),
    );
    const { update } = await rig().eks.send(
      new eks.UpdateAddonCommand({ clusterName, addonName, addonVersion: "v1.12.1-eksbuild.2" }),
    );
    assert.equal(await done(update, { addonName }), "Successful");
    assert.equal(
      (await rig().eks.send(new eks.DescribeAddonCommand({ clusterName, addonName }))).addon?.addonVersion,
      "v1.12.1-eksbuild.2",
    );
    await rig().eks.send(new eks.DeleteAddonCommand({ clusterName, addonName }));
    await until(
      "its end",
      async () => (await rig().eks.send(new eks.ListAddonsCommand({ clusterName }))).addons?.length === 0,
    );
    await assert.rejects(status(), hasCode("ResourceNotFoundException"));
    await assert.rejects(
      rig().eks.send(new eks.CreateAddonCommand({ clusterName, addonName: "no-such-addon" })),
      hasCode("ResourceNotFoundException"),
    );
  });

  it("associates one role with a service account", async () => {
    const of = { clusterName, namespace: "kube-system", serviceAccount: "lbc" };
    const id = (await rig().eks.send(new eks.CreatePodIdentityAssociationCommand({ ...of, roleArn: role }))).association
      ?.associationId;
    await assert.rejects(
      rig().eks.send(new eks.CreatePodIdentityAssociationCommand({ ...of, roleArn: role })),
      hasCode("ResourceInUseException"),
    );
    await rig().eks.send(
      new eks.UpdatePodIdentityAssociationCommand({ clusterName, associationId: id, roleArn: `${role}2` }),
    );
    assert.equal(
      (await rig().eks.send(new eks.DescribePodIdentityAssociationCommand({ clusterName, associationId: id })))
        .association?.roleArn,
      `${role}2`,
    );
    assert.equal(
      (await rig().eks.send(new eks.ListPodIdentityAssociationsCommand({ clusterName, namespace: "other" })))
        .associations?.length,
      0,
    );
    await rig().eks.send(new eks.DeletePodIdentityAssociationCommand({ clusterName, associationId: id }));
    await assert.rejects(
      rig().eks.send(new eks.DescribePodIdentityAssociationCommand({ clusterName, associationId: id })),
      hasCode("ResourceNotFoundException"),
    );
  });
});
