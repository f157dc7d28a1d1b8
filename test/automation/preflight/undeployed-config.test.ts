import assert from "node:assert/strict";
import { configFindings } from "../../../automation/preflight/preflight";
import { refuseConfig } from "../../../automation/commands/adopt";
import { undeployed } from "../../../automation/preflight/undeployed-config";
import { parseEnvironmentConfig, type EnvironmentConfig } from "../../../stacks/config";
import { initialRecord, startRollout } from "../../../stacks/record";
import { devValues } from "../../stacks/mock-engine";

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const configOf = (change: Record<string, unknown> = {}): EnvironmentConfig =>
  parseEnvironmentConfig(
    {
      ...devValues,
      "eks-blue-green:services": JSON.stringify([web]),
      ...Object.fromEntries(
        Object.entries(change).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
      ),
    },
    { environment: "dev" },
  );
/** As the environment's outputs give it back. */
const asOutput = (config: EnvironmentConfig): EnvironmentConfig =>
  JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(config).reverse()))) as EnvironmentConfig;
const deployed = asOutput(configOf());
const record = initialRecord(configOf());

describe("config that is not deployed", () => {
  it(
    "is none where only the order of keys differs, or what a rollout is there to change, or what the driver alone " +
      "reads",
    () => {
      assert.deepEqual(undeployed(deployed, configOf()), []);
      assert.deepEqual(
        undeployed(
          deployed,
          configOf({
            "eks-blue-green:kubernetesVersion": "1.36",
            "eks-blue-green:rollout": { bakeSeconds: 1 },
            "eks-blue-green:members": ["blue", "green", "red"],
            "eks-blue-green:services": [{ ...web, probePath: "/orders" }],
          }),
        ),
        [],
      );
    },
  );
  it("is named by its path", () => {
    assert.deepEqual(
      undeployed(deployed, configOf({ "eks-blue-green:services": [{ ...web, image: "echo:2", replicas: 4 }] })),
      ["services[web].image", "services[web].replicas"],
    );
    assert.deepEqual(undeployed(deployed, configOf({ "aws:defaultTags": { tags: { team: "platform" } } })), [
      "aws:defaultTags",
    ]);
    assert.deepEqual(undeployed(deployed, configOf({ "eks-blue-green:controller": { version: "3.4.0" } })), [
      "controller.version",
    ]);
  });
  it("is none where a newer version of the package has a key that the deployed one did not know", () => {
    const older = JSON.parse(JSON.stringify(deployed)) as Record<string, unknown> & { services: object[] };
    delete older["loadBalancer"];
    older.services = older.services.map((service) => ({ ...service, targetType: undefined, existing: undefined }));
    assert.deepEqual(undeployed(older as unknown as EnvironmentConfig, configOf()), []);
  });
  it("is what members get of the load balancer while a Service of the primary owns it, and nothing of it else", () => {
    const change = (owner: string): string[] =>
      undeployed(
        asOutput(configOf({ "eks-blue-green:loadBalancer": { owner } })),
        configOf({ "eks-blue-green:loadBalancer": { owner, crossZone: false } }),
      );
    assert.deepEqual(change("service"), ["loadBalancer.crossZone"]);
    // The environment's own stack makes it, and a preview of that shows the change.
    assert.deepEqual(change("stack"), []);
  });
  it("is nothing of a member that joins with a cluster of its own, but that of one that is there", () => {
    const joins = configOf({
      "eks-blue-green:members": ["blue", "green", "red"],
      "eks-blue-green:memberClusters": { red: { existing: { clusterName: "theirs" } } },
    });
    assert.deepEqual(undeployed(deployed, joins), []);
    const changed = configOf({ "eks-blue-green:memberClusters": { green: { existing: { clusterName: "theirs" } } } });
    assert.deepEqual(undeployed(deployed, changed), ["memberClusters.green"]);
  });
  it("keeps a rollout from beginning, and is only told of once one is under way", () => {
    const wanted = configOf({ "eks-blue-green:services": [{ ...web, image: "echo:2" }] });
    const [found] = configFindings("dev", deployed, wanted, record);
    assert.deepEqual(
      [found?.code, found?.severity, found?.remedy],
      ["EBG-PENDING-CHANGES", "required", "deploy them first: eks-blue-green up --stack dev"],
    );
    assert.match(found?.message ?? "", /services\[web\]\.image/);
    const open = startRollout(record, {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.36",
      steps: [],
      startedAt: "2026-11-22T00:00:00Z",
    });
    assert.equal(configFindings("dev", deployed, wanted, open)[0]?.severity, "recommended");
  });
  it("keeps a load balancer from being handed over; so do default tags, which no import bears", () => {
    assert.throws(
      () =>
        refuseConfig("dev", deployed, configOf({ "eks-blue-green:services": [{ ...web, image: "echo:2" }] }), record),
      /services\[web\]\.image/,
    );
    const tagged = configOf({ "aws:defaultTags": { tags: { team: "platform" } } });
    assert.throws(() => refuseConfig("dev", asOutput(tagged), tagged, record), /aws:defaultTags \(team\)/);
    refuseConfig("dev", deployed, configOf(), record);
  });
});
