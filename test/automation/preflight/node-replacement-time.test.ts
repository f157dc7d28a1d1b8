import assert from "node:assert/strict";
import { longNodeUpdates } from "../../../automation/preflight/node-replacement-time";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { Step } from "../../../stacks/record";
import { devValues } from "../../stacks/mock-engine";

const withNodes = (desiredSize: number, preStopSeconds: number) =>
  parseEnvironmentConfig(
    {
      ...devValues,
      "eks-blue-green:cluster": JSON.stringify({ nodes: { desiredSize, minSize: 1, maxSize: 50 } }),
      "eks-blue-green:services": JSON.stringify([
        {
          name: "web",
          namespace: "web",
          image: "echo:1",
          port: 80,
          targetPort: 8080,
          replicas: 3,
          preStopSeconds,
          terminationGraceSeconds: preStopSeconds + 60,
        },
      ]),
    },
    { environment: "dev" },
  );
const place = { role: "standby", version: "1.34", workload: "running" } as const;
const move = (kind: "upgrade" | "drain", member: string): Step => ({
  type: "move",
  kind,
  member,
  from: place,
  to: { ...place, version: "1.35" },
});
const inPlace = [move("drain", "blue"), move("upgrade", "blue"), move("upgrade", "blue"), move("upgrade", "green")];

describe("nodes that are replaced in place", () => {
  it("are no matter while an hour is enough", () => assert.deepEqual(longNodeUpdates(withNodes(6, 300), inPlace), []));
  it("are told of before the rollout begins, once, when it is not", () => {
    const [found, ...more] = longNodeUpdates(withNodes(7, 300), inPlace);
    assert.deepEqual(more, []);
    assert.equal(found?.severity, "recommended");
    assert.match(
      found?.message ?? "",
      /the 7 nodes of blue, green one at a time, each in about 9 min .*: about 63 min, and an update ends as failed after 60/,
    );
  });
  it("are counted as the member has them that carried others' load, and as many as an autoscaler may make", () => {
    const carrying: Step = { ...move("upgrade", "blue"), from: { ...place, capacityPercent: 200 } } as Step;
    assert.match(
      longNodeUpdates(withNodes(6, 300), [carrying])[0]?.message ?? "",
      /^EKS replaces the 12 nodes of blue /,
    );
    const config = withNodes(2, 300);
    const nodes = { ...config.cluster.nodes, autoscaled: true as const, maxSize: 30 };
    const [found] = longNodeUpdates({ ...config, cluster: { ...config.cluster, nodes } }, inPlace);
    assert.match(found?.message ?? "", /^EKS replaces the up to 30 nodes of blue, green /);
  });
  it("can't be replaced at all when pods take longer to end than EKS waits for a node", () => {
    assert.deepEqual(longNodeUpdates(withNodes(2, 780), inPlace), []);
    const [found, ...more] = longNodeUpdates(withNodes(2, 781), inPlace);
    assert.deepEqual(more, []);
    assert.equal(found?.severity, "required");
    assert.match(found.message, /node of blue, green 15 min .* 'web' take 781 s .* PodEvictionFailure/);
    assert.match(found.remedy, /preStopSeconds to 780 at most .* rollout\.strategy to replace/);
    assert.equal(longNodeUpdates(withNodes(2, 781), inPlace, true)[0]?.severity, "recommended");
    assert.deepEqual(longNodeUpdates(withNodes(2, 3600), [move("drain", "blue")]), []);
  });
  it("are no matter where a new member is made instead", () =>
    assert.deepEqual(longNodeUpdates(withNodes(40, 300), [move("drain", "blue")]), []));
});
