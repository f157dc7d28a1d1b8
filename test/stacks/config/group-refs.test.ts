import assert from "node:assert/strict";
import {
  groupOfMember,
  groupRefsOf,
  groupsOf,
  groupsOfPort,
  hasPartIn,
  onePerPort,
} from "../../../stacks/config/group-refs";
import type { ServiceConfig } from "../../../stacks/config";
import type { ServiceTargetGroup } from "../../../stacks/contract";

const port = (name: string, number: number) => ({ name, port: number, targetPort: 8080 });
const services = [
  { name: "web", namespace: "web", port: 80, targetPort: 8080 },
  { name: "shop", namespace: "shop", ports: [port("api", 81), port("pages", 82)] },
] as unknown as ServiceConfig[];
const members = ["blue", "green"];

describe("the target groups of a config", () => {
  it("are one for each port where all members share them", () =>
    assert.deepEqual(groupsOf({ services }, members), [
      { key: "web", service: "web", port: "web", member: null },
      { key: "shop-api", service: "shop", port: "shop-api", member: null },
      { key: "shop-pages", service: "shop", port: "shop-pages", member: null },
    ]));

  it("are one for each port and member where traffic is weighted, and no two have the same key", () => {
    const own = groupsOf({ services }, members, "weighted");
    assert.equal(new Set(own.map(({ key }) => key)).size, 6);
    assert.deepEqual(own[1], { key: "web@green", service: "web", port: "web", member: "green" });
  });

  it("keep apart a service whose name ends like a member's", () => {
    const two = [services[0], { ...services[0], name: "web-green" }] as ServiceConfig[];
    const keys = [...groupsOf({ services: two }, members, "weighted"), ...groupsOf({ services: two }, members)];
    assert.equal(new Set(keys.map(({ key }) => key)).size, keys.length);
  });
});

describe("the target groups of an environment's outputs", () => {
  const outputs = (more: Partial<ServiceTargetGroup>): ServiceTargetGroup =>
    ({ name: "web", service: "web", ...more }) as ServiceTargetGroup;

  it("are everybody's where the outputs name no member, as those of every version so far", () => {
    const refs = groupRefsOf({ web: outputs({}) });
    assert.deepEqual(refs, { web: { key: "web", service: "web", port: "web", member: null } });
    assert.ok(hasPartIn(refs, "web", "blue") && hasPartIn(refs, "web", "green"));
    assert.equal(groupOfMember(refs, "web", "blue"), "web");
  });

  it("are the service's own where they are older than services with several ports", () =>
    assert.equal(groupRefsOf({ web: { name: "web" } })["web"]?.service, "web"));

  it("lead from a port and a member to the group in which it serves, and to no other's", () => {
    const own = (member: string) => outputs({ name: `web@${member}`, portKey: "web", member });
    const refs = groupRefsOf({ "web@blue": own("blue"), "web@green": own("green") });
    assert.deepEqual(groupsOfPort(refs, "web"), ["web@blue", "web@green"]);
    assert.equal(groupOfMember(refs, "web", "green"), "web@green");
    assert.equal(hasPartIn(refs, "web@green", "blue"), false);
    assert.deepEqual(
      onePerPort(refs).map((ref) => ref.port),
      ["web"],
      "requests are sent once for each port",
    );
  });
});
