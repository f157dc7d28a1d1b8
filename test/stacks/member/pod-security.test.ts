import assert from "node:assert/strict";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import { devValues, find, runUnderMocks } from "../mock-engine";
import { blueServes, podSpecOf, type PodSpec } from "./managed-pod";

const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
describe("what runs in a member", () => {
  describe("pods", () => {
    const templateOf = (change: object): Promise<PodSpec> => podSpecOf(change);
    const always = { allowPrivilegeEscalation: false, seccompProfile: { type: "RuntimeDefault" } };

    it("are as they always were where the config says nothing: nobody's pods roll by a new version of the package", async () => {
      const template = await templateOf({});
      assert.deepEqual(template.containers[0]?.securityContext, always);
      assert.equal(Object.hasOwn(template, "automountServiceAccountToken"), false);
      assert.equal(Object.hasOwn(template, "securityContext"), false);
    });

    for (const podSecurity of [{}, { profile: "restricted", runAsUser: 10001 }])
      it(`fit the restricted Pod Security Standard with ${JSON.stringify(podSecurity)}`, async () => {
        const template = await templateOf({ podSecurity });
        assert.equal(template.automountServiceAccountToken, false);
        assert.deepEqual(template.containers[0]?.securityContext, {
          ...always,
          runAsNonRoot: true,
          ...("runAsUser" in podSecurity ? { runAsUser: 10001 } : {}),
          capabilities: { drop: ["ALL"] },
        });
        assert.equal(Object.hasOwn(template, "securityContext"), false, "a port that anybody opens");
      });

    it("open a port below 1024 without root, where one is asked for", async () => {
      for (const ports of [
        { targetPort: 80 },
        {
          targetPort: undefined,
          port: undefined,
          ports: [
            { name: "a", port: 80, targetPort: 8080 },
            { name: "b", port: 443, targetPort: 443 },
          ],
        },
      ]) {
        const template = await templateOf({ ...ports, podSecurity: {} });
        assert.deepEqual(template.securityContext, {
          sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        });
      }
    });

    it("keep the image's user with baseline, and get a token only when they ask for one", async () => {
      const plain = await templateOf({ targetPort: 80, podSecurity: { profile: "baseline" } });
      assert.deepEqual(plain.containers[0]?.securityContext, always);
      assert.deepEqual([plain.automountServiceAccountToken, Object.hasOwn(plain, "securityContext")], [false, false]);
      const asking = await templateOf({ podSecurity: { serviceAccountToken: true } });
      assert.equal(asking.automountServiceAccountToken, true);
    });
  });

  it("has the controller's image by the digest that the config names, and by the chart's tag without one", async () => {
    const imageOf = async (controller: object): Promise<unknown> => {
      const wanted = (
        await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
          environmentProgram({ ...devValues, "eks-blue-green:controller": JSON.stringify(controller) }),
        )
      ).outputs;
      const { resources } = await runUnderMocks(
        { stack: "dev-blue", stacks: { dev: { ...wanted, record: blueServes } } },
        () => memberProgram(values),
      );
      const { inputs } = find(resources, "kubernetes:helm.sh/v3:Release", "blue");
      return (inputs["values"] as Readonly<Record<string, unknown>>)["image"];
    };
    const digest = `sha256:${"ab".repeat(32)}`;
    assert.equal(await imageOf({}), undefined);
    assert.deepEqual(await imageOf({ imageDigest: `3.5.0@${digest}` }), { tag: `v3.5.0@${digest}` });
    assert.deepEqual(await imageOf({ image: "r.example/lbc", imageDigest: `3.5.0@${digest}` }), {
      repository: "r.example/lbc",
      tag: `v3.5.0@${digest}`,
    });
  });
});
