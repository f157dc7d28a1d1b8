/** Roles, policies and OIDC providers. Facts; read 2026-11-30. */
import {
  blockSet,
  byDefault,
  computed,
  kept,
  optional,
  policy,
  replaces,
  required,
  set,
  tags,
  type ResourceFacts,
} from "./facts";

const role: ResourceFacts = {
  source: "internal/service/iam/role.go",
  read: "0040ea6911af00bea2cca6dbb14e86829826ad8e",
  attributes: {
    assumeRolePolicy: policy(required),
    description: optional,
    forceDetachPolicies: kept(byDefault(false)),
    inlinePolicies: blockSet(computed, { name: optional, policy: policy(optional) }),
    managedPolicyArns: set(computed),
    maxSessionDuration: byDefault(3600),
    name: replaces(computed),
    namePrefix: replaces(computed),
    path: replaces(byDefault("/")),
    permissionsBoundary: optional,
    ...tags,
  },
};

const customerPolicy: ResourceFacts = {
  source: "internal/service/iam/policy.go",
  read: null,
  attributes: {
    delayAfterPolicyCreationInMs: kept(optional),
    description: replaces(optional),
    name: replaces(computed),
    namePrefix: replaces(computed),
    path: replaces(byDefault("/")),
    policy: policy(required),
    ...tags,
  },
};

const rolePolicyAttachment: ResourceFacts = {
  source: "internal/service/iam/role_policy_attachment.go",
  read: null,
  // The provider finds the attachment by both.
  attributes: { policyArn: kept(replaces(required)), role: kept(replaces(required)) },
};

const rolePolicy: ResourceFacts = {
  source: "internal/service/iam/role_policy.go",
  read: null,
  attributes: {
    name: replaces(computed),
    namePrefix: replaces(computed),
    policy: policy(required),
    role: replaces(required),
  },
};

const openIdConnectProvider: ResourceFacts = {
  source: "internal/service/iam/openid_connect_provider.go",
  read: null,
  attributes: {
    clientIdLists: set(required),
    thumbprintLists: { ...computed, shape: "list" },
    // AWS tells it without the scheme.
    url: {
      ...replaces(required),
      same: (wanted: string, told: string | undefined) =>
        wanted.replace(/^https:\/\//, "") === told?.replace(/^https:\/\//, ""),
    },
    ...tags,
  },
};

export const iamFacts: Readonly<Record<string, ResourceFacts>> = {
  "aws:iam/role:Role": role,
  "aws:iam/policy:Policy": customerPolicy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": rolePolicyAttachment,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": openIdConnectProvider,
};
