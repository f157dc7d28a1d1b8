import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { backendGroups } from "../../../automation/teardown/shared-security-groups";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import type { EnvironmentRecord } from "../../../stacks/record";

const groups = [
  { id: "sg-web", kind: "managed", name: "k8s-web-web" },
  { id: "sg-shared", kind: "backend", name: "k8s-traffic-devblue-1" },
];
const record = {
  ownership: {
    owner: "stack",
    primary: null,
    formerPrimary: "blue",
    adopted: { web: { securityGroups: groups }, api: { securityGroups: groups } },
  },
} as unknown as EnvironmentRecord;
const existing = { blue: { existing: { clusterName: "theirs" } } };

describe("a former primary's shared security group at the end of a teardown", () => {
  const look = (
    clusters: readonly string[],
    {
      memberClusters = {},
      tags = { "elbv2.k8s.aws/cluster": "dev-blue" },
    }: { readonly memberClusters?: object; readonly tags?: Readonly<Record<string, string>> | null } = {},
  ) =>
    backendGroups(
      {
        tags: async ([id = ""]) => {
          if (tags === null)
            throw new DriverError(
              "EBG-AWS",
              "no such group",
              "",
              Object.assign(new Error("gone"), { name: "InvalidGroup.NotFound" }),
            );
          return { [id]: tags };
        },
        clusterStatus: async (name) => (clusters.includes(name) ? { status: "ACTIVE", version: "1.35" } : null),
      },
      { environment: "dev", config: { members: ["blue", "green"], memberClusters } } as unknown as EnvironmentOutputs,
      record,
    );
  const shared = (cluster: string) => ({
    take: [],
    leave: [{ id: "sg-shared", name: "k8s-traffic-devblue-1", cluster }],
  });
  const cases: readonly (readonly [string, ReturnType<typeof look>, Awaited<ReturnType<typeof look>>])[] = [
    ["goes, once, when its cluster is gone", look([]), { take: ["sg-shared"], leave: [] }],
    [
      "stays when its cluster was there before",
      look(["theirs"], { memberClusters: existing, tags: { "elbv2.k8s.aws/cluster": "theirs" } }),
      shared("theirs"),
    ],
    [
      "stays when its cluster is there, though the config has lost that member",
      look(["theirs"], { tags: { "elbv2.k8s.aws/cluster": "theirs" } }),
      shared("theirs"),
    ],
    [
      "stays when its cluster is of an account that does not tell",
      look([], { memberClusters: existing, tags: {} }),
      shared("theirs"),
    ],
    [
      "goes without its tag too, when the member's cluster is gone",
      look([], { tags: {} }),
      { take: ["sg-shared"], leave: [] },
    ],
    ["is nothing when it is gone", look([], { tags: null }), { take: [], leave: [] }],
  ];
  for (const [what, seen, wanted] of cases) it(what, async () => assert.deepEqual(await seen, wanted));
});
