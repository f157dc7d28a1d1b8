import assert from "node:assert/strict";
import { podTemplateOf } from "./managed-pod";

describe("a service's pod template on a member", () => {
  it("is merged onto the pods that the member's stack declares", async () => {
    const template = await podTemplateOf({
      podSecurity: { runAsUser: 10001 },
      podTemplate: {
        metadata: { labels: { team: "shop" } },
        spec: {
          terminationGracePeriodSeconds: 400,
          initContainers: [{ name: "log", image: "log:1", restartPolicy: "Always" }],
          containers: [
            { name: "web", resources: { limits: { memory: "1Gi" }, requests: { memory: "512Mi" } } },
            { name: "proxy", image: "proxy:1" },
          ],
        },
      },
    });
    assert.equal(template.metadata.labels["team"], "shop");
    assert.equal(template.metadata.labels["app.kubernetes.io/name"], "web");
    const { spec } = template;
    assert.equal(spec.terminationGracePeriodSeconds, 400);
    const [web, proxy] = spec.containers;
    assert.deepEqual([web?.name, web?.image, proxy?.name], ["web", "echo:1", "proxy"]);
    assert.deepEqual(web?.resources, {
      requests: { cpu: "100m", memory: "512Mi" },
      limits: { memory: "1Gi" },
    });
    for (const one of [web, proxy]) {
      assert.deepEqual(one?.lifecycle.preStop, { sleep: { seconds: 300 } });
      assert.equal(one?.securityContext["runAsNonRoot"], true, "the restricted profile is every container's");
    }
    assert.equal(spec.initContainers?.length, 1);
  });

  it("leaves the pods as they are without one", async () => {
    const { spec } = await podTemplateOf({});
    assert.equal(spec.containers.length, 1);
    assert.equal(Object.hasOwn(spec, "initContainers"), false);
    assert.equal(spec.terminationGracePeriodSeconds, 360);
  });
});
