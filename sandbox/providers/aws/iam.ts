/** Roles, policies and the OIDC providers of clusters. */
import * as iam from "@aws-sdk/client-iam";
import type { Props } from "../rpc/values";
import {
  isNotFound,
  orNull,
  stableJson,
  tagList,
  tagMap,
  unlessGone,
  type AwsContext,
  type AwsResource,
} from "./descriptor";

const role: AwsResource = {
  token: "aws:iam/role:Role",
  inputs: [
    "name",
    "path",
    "assumeRolePolicy",
    "description",
    "maxSessionDuration",
    "permissionsBoundary",
    "forceDetachPolicies",
    "managedPolicyArns",
    "inlinePolicies",
    "tags",
  ],
  autoName: { property: "name", longest: 64 },
  defaults: { path: "/", maxSessionDuration: 3600, forceDetachPolicies: false },
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const RoleName: string = inputs["name"];
    await aws.iam.send(
      new iam.CreateRoleCommand({
        RoleName,
        Path: inputs["path"],
        AssumeRolePolicyDocument: inputs["assumeRolePolicy"],
        Description: inputs["description"],
        MaxSessionDuration: inputs["maxSessionDuration"],
        PermissionsBoundary: inputs["permissionsBoundary"],
        ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
      }),
    );
    exists(RoleName);
    await putInline(aws, RoleName, inputs["inlinePolicies"] ?? []);
    for (const PolicyArn of inputs["managedPolicyArns"] ?? [])
      await aws.iam.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    return RoleName;
  },
  async read(aws, id) {
    const found = (await orNull(aws.iam.send(new iam.GetRoleCommand({ RoleName: id }))))?.Role;
    if (found === undefined) return null;
    const attached = await orNull(aws.iam.send(new iam.ListAttachedRolePoliciesCommand({ RoleName: id })));
    return {
      arn: found.Arn,
      path: found.Path,
      assumeRolePolicy: decodeURIComponent(found.AssumeRolePolicyDocument ?? ""),
      description: found.Description,
      maxSessionDuration: found.MaxSessionDuration ?? 3600,
      permissionsBoundary: found.PermissionsBoundary?.PermissionsBoundaryArn,
      managedPolicyArns: (attached?.AttachedPolicies ?? []).map((one) => one.PolicyArn),
      inlinePolicies: await inlinePolicies(aws, id),
      name: found.RoleName,
      uniqueId: found.RoleId,
      createDate: found.CreateDate?.toISOString() ?? "",
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, olds, changed) {
    if (changed.has("assumeRolePolicy"))
      await aws.iam.send(
        new iam.UpdateAssumeRolePolicyCommand({ RoleName: id, PolicyDocument: inputs["assumeRolePolicy"] }),
      );
    if (changed.has("description") || changed.has("maxSessionDuration"))
      await aws.iam.send(
        new iam.UpdateRoleCommand({
          RoleName: id,
          Description: inputs["description"] ?? "",
          MaxSessionDuration: inputs["maxSessionDuration"],
        }),
      );
    if (changed.has("permissionsBoundary"))
      await aws.iam.send(
        inputs["permissionsBoundary"] === undefined
          ? new iam.DeleteRolePermissionsBoundaryCommand({ RoleName: id })
          : (new iam.PutRolePermissionsBoundaryCommand({
              RoleName: id,
              PermissionsBoundary: inputs["permissionsBoundary"],
            }) as never),
      );
    if (changed.has("inlinePolicies")) {
      const names = new Set((inputs["inlinePolicies"] ?? []).map((policy: Props) => policy.name));
      for (const policy of olds["inlinePolicies"] ?? [])
        if (!names.has(policy.name))
          await unlessGone(aws.iam.send(new iam.DeleteRolePolicyCommand({ RoleName: id, PolicyName: policy.name })));
      await putInline(aws, id, inputs["inlinePolicies"] ?? []);
    }
    if (changed.has("managedPolicyArns")) {
      for (const PolicyArn of olds["managedPolicyArns"] ?? [])
        if (!(inputs["managedPolicyArns"] ?? []).includes(PolicyArn))
          await unlessGone(aws.iam.send(new iam.DetachRolePolicyCommand({ RoleName: id, PolicyArn })));
      for (const PolicyArn of inputs["managedPolicyArns"] ?? [])
        await aws.iam.send(new iam.AttachRolePolicyCommand({ RoleName: id, PolicyArn }));
    }
  },
  async tag(aws, id, tags, removed) {
    if (removed.length > 0) await aws.iam.send(new iam.UntagRoleCommand({ RoleName: id, TagKeys: [...removed] }));
    if (Object.keys(tags).length > 0) await aws.iam.send(new iam.TagRoleCommand({ RoleName: id, Tags: tagList(tags) }));
  },
  async delete(aws, id, outputs) {
    for (const policy of outputs["inlinePolicies"] ?? [])
      await unlessGone(aws.iam.send(new iam.DeleteRolePolicyCommand({ RoleName: id, PolicyName: policy.name })));
    for (const PolicyArn of outputs["managedPolicyArns"] ?? [])
      await unlessGone(aws.iam.send(new iam.DetachRolePolicyCommand({ RoleName: id, PolicyArn })));
    if (outputs["forceDetachPolicies"] === true) {
      const attached = await orNull(aws.iam.send(new iam.ListAttachedRolePoliciesCommand({ RoleName: id })));
      const inline = await orNull(aws.iam.send(new iam.ListRolePoliciesCommand({ RoleName: id })));
      for (const PolicyName of inline?.PolicyNames ?? [])
        await unlessGone(aws.iam.send(new iam.DeleteRolePolicyCommand({ RoleName: id, PolicyName })));
      for (const policy of attached?.AttachedPolicies ?? [])
        await unlessGone(aws.iam.send(new iam.DetachRolePolicyCommand({ RoleName: id, PolicyArn: policy.PolicyArn })));
    }
    await unlessGone(aws.iam.send(new iam.DeleteRoleCommand({ RoleName: id })));
  },
};

async function inlinePolicies(aws: AwsContext, RoleName: string): Promise<Props[]> {
  const names = (await orNull(aws.iam.send(new iam.ListRolePoliciesCommand({ RoleName }))))?.PolicyNames ?? [];
  const found = await Promise.all(
    names.map((PolicyName) => orNull(aws.iam.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName })))),
  );
  return found.flatMap((one) =>
    one === null ? [] : [{ name: one.PolicyName, policy: decodeURIComponent(one.PolicyDocument ?? "") }],
  );
}

async function putInline(
  aws: AwsContext,
  RoleName: string,
  policies: readonly { name: string; policy: string }[],
): Promise<void> {
  for (const policy of policies)
    await aws.iam.send(
      new iam.PutRolePolicyCommand({ RoleName, PolicyName: policy.name, PolicyDocument: policy.policy }),
    );
}

const policy: AwsResource = {
  token: "aws:iam/policy:Policy",
  inputs: ["name", "path", "description", "policy", "tags"],
  autoName: { property: "name", longest: 128 },
  defaults: { path: "/" },
  taggable: true,
  async create(aws, inputs, tags) {
    const made = await aws.iam.send(
      new iam.CreatePolicyCommand({
        PolicyName: inputs["name"],
        Path: inputs["path"],
        Description: inputs["description"],
        PolicyDocument: inputs["policy"],
        ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
      }),
    );
    return made.Policy!.Arn!;
  },
  async read(aws, id) {
    const found = (await orNull(aws.iam.send(new iam.GetPolicyCommand({ PolicyArn: id }))))?.Policy;
    if (found === undefined) return null;
    const version = await orNull(
      aws.iam.send(new iam.GetPolicyVersionCommand({ PolicyArn: id, VersionId: found.DefaultVersionId })),
    );
    return {
      arn: found.Arn,
      name: found.PolicyName,
      path: found.Path,
      description: found.Description,
      policy: decodeURIComponent(version?.PolicyVersion?.Document ?? ""),
      policyId: found.PolicyId,
      attachmentCount: found.AttachmentCount ?? 0,
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, olds, changed) {
    if (!changed.has("policy") || stableJson(inputs["policy"]) === stableJson(olds["policy"])) return;
    const versions = (await aws.iam.send(new iam.ListPolicyVersionsCommand({ PolicyArn: id }))).Versions ?? [];
    // AWS keeps five versions of a policy.
    const oldest = versions.filter((one) => one.IsDefaultVersion !== true).at(-1);
    if (versions.length >= 5 && oldest !== undefined)
      await aws.iam.send(new iam.DeletePolicyVersionCommand({ PolicyArn: id, VersionId: oldest.VersionId }));
    await aws.iam.send(
      new iam.CreatePolicyVersionCommand({ PolicyArn: id, PolicyDocument: inputs["policy"], SetAsDefault: true }),
    );
  },
  async tag(aws, id, tags, removed) {
    if (removed.length > 0) await aws.iam.send(new iam.UntagPolicyCommand({ PolicyArn: id, TagKeys: [...removed] }));
    if (Object.keys(tags).length > 0)
      await aws.iam.send(new iam.TagPolicyCommand({ PolicyArn: id, Tags: tagList(tags) }));
  },
  async delete(aws, id) {
    const versions = (await orNull(aws.iam.send(new iam.ListPolicyVersionsCommand({ PolicyArn: id }))))?.Versions ?? [];
    for (const one of versions)
      if (one.IsDefaultVersion !== true)
        await unlessGone(aws.iam.send(new iam.DeletePolicyVersionCommand({ PolicyArn: id, VersionId: one.VersionId })));
    await unlessGone(aws.iam.send(new iam.DeletePolicyCommand({ PolicyArn: id })));
  },
};

const rolePolicyAttachment: AwsResource = {
  token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  inputs: ["role", "policyArn"],
  taggable: false,
  async create(aws, inputs) {
    await aws.iam.send(new iam.AttachRolePolicyCommand({ RoleName: inputs["role"], PolicyArn: inputs["policyArn"] }));
    return `${inputs["role"]}/${inputs["policyArn"]}`;
  },
  async read(aws, _id, inputs) {
    const attached = await orNull(aws.iam.send(new iam.ListAttachedRolePoliciesCommand({ RoleName: inputs["role"] })));
    return attached?.AttachedPolicies?.some((one) => one.PolicyArn === inputs["policyArn"]) === true ? {} : null;
  },
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.iam.send(new iam.DetachRolePolicyCommand({ RoleName: outputs["role"], PolicyArn: outputs["policyArn"] })),
    ),
};

const rolePolicy: AwsResource = {
  token: "aws:iam/rolePolicy:RolePolicy",
  inputs: ["name", "role", "policy"],
  autoName: { property: "name", longest: 128 },
  taggable: false,
  async create(aws, inputs) {
    await aws.iam.send(
      new iam.PutRolePolicyCommand({
        RoleName: inputs["role"],
        PolicyName: inputs["name"],
        PolicyDocument: inputs["policy"],
      }),
    );
    return `${inputs["role"]}:${inputs["name"]}`;
  },
  async read(aws, _id, inputs) {
    const found = await orNull(
      aws.iam.send(new iam.GetRolePolicyCommand({ RoleName: inputs["role"], PolicyName: inputs["name"] })),
    );
    return found === null
      ? null
      : { role: found.RoleName, name: found.PolicyName, policy: decodeURIComponent(found.PolicyDocument ?? "") };
  },
  async update(aws, _id, inputs) {
    await aws.iam.send(
      new iam.PutRolePolicyCommand({
        RoleName: inputs["role"],
        PolicyName: inputs["name"],
        PolicyDocument: inputs["policy"],
      }),
    );
  },
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.iam.send(new iam.DeleteRolePolicyCommand({ RoleName: outputs["role"], PolicyName: outputs["name"] })),
    ),
};

const openIdConnectProvider: AwsResource = {
  token: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
  inputs: ["url", "clientIdLists", "thumbprintLists", "tags"],
  taggable: true,
  async create(aws, inputs, tags) {
    const made = await aws.iam.send(
      new iam.CreateOpenIDConnectProviderCommand({
        Url: inputs["url"],
        ClientIDList: inputs["clientIdLists"],
        ThumbprintList: inputs["thumbprintLists"],
        ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
      }),
    );
    return made.OpenIDConnectProviderArn!;
  },
  async read(aws, id) {
    try {
      const found = await aws.iam.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id }));
      return {
        url: found.Url,
        clientIdLists: found.ClientIDList ?? [],
        arn: id,
        thumbprintLists: found.ThumbprintList ?? [],
        tagsAll: tagMap(found.Tags),
      };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  },
  async update(aws, id, inputs, olds, changed) {
    if (changed.has("thumbprintLists"))
      await aws.iam.send(
        new iam.UpdateOpenIDConnectProviderThumbprintCommand({
          OpenIDConnectProviderArn: id,
          ThumbprintList: inputs["thumbprintLists"] ?? [],
        }),
      );
    if (!changed.has("clientIdLists")) return;
    const wanted: string[] = inputs["clientIdLists"] ?? [];
    const before: string[] = olds["clientIdLists"] ?? [];
    for (const ClientID of before)
      if (!wanted.includes(ClientID))
        await aws.iam.send(
          new iam.RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id, ClientID }),
        );
    for (const ClientID of wanted)
      if (!before.includes(ClientID))
        await aws.iam.send(
          new iam.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id, ClientID }),
        );
  },
  async tag(aws, id, tags, removed) {
    if (removed.length > 0)
      await aws.iam.send(
        new iam.UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id, TagKeys: [...removed] }),
      );
    if (Object.keys(tags).length > 0)
      await aws.iam.send(
        new iam.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id, Tags: tagList(tags) }),
      );
  },
  delete: (aws, id) =>
    unlessGone(aws.iam.send(new iam.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id }))),
};

export const iamResources: readonly AwsResource[] = [
  role,
  policy,
  rolePolicyAttachment,
  rolePolicy,
  openIdConnectProvider,
];
