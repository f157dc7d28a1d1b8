import assert from "node:assert/strict";
import { parseEnvironmentConfig, sharedFieldProblems } from "../../../stacks/config";
import { membersBesideShift } from "../../../stacks/record/listener-changes";
import { devWith } from "../mock-engine";

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const service = (name: string, priority: number, more: object = {}) => ({
  ...web,
  name,
  match: { priority, hosts: [`${name}.example.com`] },
  ...more,
});

function configOf(services: readonly object[], more: Readonly<Record<string, unknown>> = {}) {
  const values = { loadBalancer: { type: "application" }, ...more, services };
  return parseEnvironmentConfig(devWith(values), { environment: "dev" });
}

const problemsOf = (was: ReturnType<typeof configOf>, is: ReturnType<typeof configOf>): string[] =>
  sharedFieldProblems(was, is).map(({ path, rule }) => `${path}: ${rule}`);

describe("what an Application Load Balancer's config may change about a deployed environment", () => {
  const deployed = configOf([web, service("a", 10), service("b", 20)]);

  it("is what a rule says, a free priority, and further services and certificates", () =>
    assert.deepEqual(
      problemsOf(
        deployed,
        configOf([
          web,
          service("a", 15, { match: { priority: 15, paths: ["/a/*"] } }),
          service("b", 20),
          service("c", 30),
        ]),
      ),
      [],
    ));

  it("is no priority that another rule gives up in the same update", () => {
    const rule = "as deployed: two rules of a port can't exchange numbers in one update";
    assert.deepEqual(problemsOf(deployed, configOf([web, service("a", 20), service("b", 10)])), [
      `services[1].match.priority: is that of service 'b' ${rule}`,
      `services[2].match.priority: is that of service 'a' ${rule}`,
    ]);
    assert.deepEqual(
      problemsOf(deployed, configOf([web, service("a", 15), service("b", 20), service("c", 10)])),
      [`services[3].match.priority: is that of service 'a' ${rule}`],
      "a new rule may come before the old one has moved",
    );
    const port = { port: 81 };
    assert.deepEqual(
      problemsOf(deployed, configOf([web, service("a", 10), service("b", 20), service("c", 10, port)])),
      [],
      "another port has its own numbers",
    );
  });

  it("is neither a service's port, nor whether it has a rule at all", () => {
    const stay =
      "can't change on a deployed environment (it is [80]): on an Application Load Balancer the route of " +
      "the former port would be deleted";
    assert.deepEqual(problemsOf(deployed, configOf([web, service("a", 10, { port: 81 }), service("b", 20)])), [
      `services[1].port: ${stay}`,
    ]);
    const between = "between a rule and the listener's default action requests would go nowhere for a while";
    assert.deepEqual(problemsOf(deployed, configOf([service("web", 5), service("a", 10), service("b", 20)])), [
      `services[0].match: can't change on a deployed environment (it is null): ${between}`,
    ]);
  });

  it("is neither its type nor how traffic is divided", () => {
    assert.deepEqual(problemsOf(configOf([web]), configOf([web], { loadBalancer: {} })), [
      'loadBalancer.type: can\'t change on a deployed environment (it is "application"): the load balancer and all ' +
        "target groups would be replaced",
    ]);
    assert.deepEqual(problemsOf(configOf([web]), configOf([web], { traffic: "weighted" })), [
      'traffic: can\'t change on a deployed environment (it is "shared"): members would have other target ' +
        "groups at once",
    ]);
  });

  it("may say what is the default, where the deployed config says nothing", () => {
    const plain = configOf([web], { loadBalancer: {} });
    const said = configOf([web], { loadBalancer: { type: "network" }, traffic: "shared" });
    assert.deepEqual(sharedFieldProblems(plain, said), []);
    assert.deepEqual(sharedFieldProblems(said, plain), []);
  });
});

describe("HTTPS of a deployed listener", () => {
  const https = (ports: readonly number[]) => ({
    loadBalancer: {
      type: "application",
      https: { ports, certificateArns: ["arn:aws:acm:us-east-1:123456789012:certificate/a"] },
    },
  });
  const services = [
    { ...web, port: 443 },
    { ...web, name: "api", port: 8443, targetPort: 8081 },
  ];
  it("is never taken away: the provider would send the old security policy with it, which AWS refuses", () => {
    const rule = /^loadBalancer\.https\.ports: can't change .*a listener that speaks HTTPS can't be made one of HTTP/;
    const both = configOf(services, https([443, 8443]));
    assert.match(problemsOf(both, configOf(services, https([443]))).join(), rule);
    assert.deepEqual(problemsOf(configOf(services, https([443])), both), [], "one more is no matter");
  });
});

describe("members of an environment whose shift is open", () => {
  const shares = (share: number) => ({ role: "active", version: "1.34", workload: "running", share }) as const;
  const signed = { by: "a", step: 1, startedAt: "2026-11-30T00:00:00Z", targetsBefore: {} };
  const move = { kind: "shift", changes: { blue: { from: shares(100), to: shares(90) } } } as const;
  it("stay as they are, in whatever order, until it is done", () => {
    const open = { intent: { ...signed, move } };
    assert.deepEqual(membersBesideShift(open, ["blue", "green"], ["green", "blue"]), []);
    for (const wanted of [["blue"], ["blue", "green", "red"]])
      assert.match(membersBesideShift(open, ["blue", "green"], wanted)[0]?.rule ?? "", /while 'shift blue' is open/);
    assert.deepEqual(membersBesideShift({ intent: null }, ["blue", "green"], ["blue"]), []);
  });
});
