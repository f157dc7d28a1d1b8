import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { devValues } from "../../mock-engine";
import { problemsIn } from "../problems-of";

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
function read(change: object) {
  const given = Object.entries(change).map(([key, value]) => [`eks-blue-green:${key}`, JSON.stringify(value)]);
  return parseEnvironmentConfig({ ...devValues, ...(Object.fromEntries(given) as object) }, { environment: "dev" });
}
const problemsOf = (change: object): string[] => problemsIn(() => read(change));
const securityOf = (podSecurity: object | undefined) =>
  read({ services: [{ ...web, ...(podSecurity === undefined ? {} : { podSecurity }) }] }).services[0]?.podSecurity;

describe("what pods may do, by the config", () => {
  it("is nothing new where it is not asked for, and restricted where it is", () => {
    assert.equal(securityOf(undefined), undefined);
    assert.deepEqual(securityOf({}), { profile: "restricted", serviceAccountToken: false });
    assert.deepEqual(securityOf({ profile: "baseline", serviceAccountToken: true }), {
      profile: "baseline",
      serviceAccountToken: true,
    });
  });
  it("has no user that is root, and none that nothing would ask for", () =>
    assert.deepEqual(
      problemsOf({
        services: [
          { ...web, podSecurity: { runAsUser: 0 } },
          { ...web, name: "b", port: 81, podSecurity: { profile: "baseline", runAsUser: 5 } },
          { ...web, name: "c", port: 82, podSecurity: { profile: "privileged", user: 5 } },
        ],
      }),
      [
        "services[0].podSecurity.runAsUser: must be a whole number from 1 to 2147483647 (0 is root)",
        "services[1].podSecurity.runAsUser: has no meaning with profile baseline",
        "services[2].podSecurity.profile: must be one of restricted, baseline",
        "services[2].podSecurity.user: is not a known key",
      ],
    ));
});

describe("images by digest", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  it("are taken for services as they are", () =>
    assert.equal(
      read({ services: [{ ...web, image: `r.example/web@${digest}` }] }).services[0]?.image,
      `r.example/web@${digest}`,
    ));
  it("are the controller's of its version, and no other's: the old one would run under the new one's name", () => {
    assert.equal(read({ controller: { imageDigest: `3.5.0@${digest}` } }).controller.imageDigest, `3.5.0@${digest}`);
    assert.deepEqual(problemsOf({ controller: { version: "3.5.0", imageDigest: `3.4.0@${digest}` } }), [
      "controller.imageDigest: must be of controller.version (3.5.0): nodes pull by the digest, whatever the tag says",
    ]);
    for (const imageDigest of [digest, "3.5.0", "3.5.0@sha256:abc", `v3.5.0@${digest}`, `3.5.0@${digest};x`])
      assert.match(problemsOf({ controller: { imageDigest } }).join(), /must be a version of the controller and its/);
  });
});
