import assert from "node:assert/strict";
import fc from "fast-check";
import type { EndpointSlice, Service } from "../../../../sandbox/kubernetes/types";
import {
  backends,
  healthPortOf,
  localEndpoints,
  nodePortsOf,
} from "../../../../sandbox/node-agent/nodes/service-routes";

const port = { port: 80, targetPort: 8080, nodePort: 30080 };
const service = (spec: object = {}): Service => ({
  metadata: { name: "web", namespace: "default" },
  spec: { type: "NodePort", ports: [port], ...spec },
});
type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];
const slice = (...endpoints: Endpoint[]): EndpointSlice => ({
  metadata: { name: "web-1" },
  addressType: "IPv4",
  ports: [{ port: 8080, protocol: "TCP" }],
  endpoints,
});
const endpoint = (
  address: string,
  nodeName: string,
  ready: boolean,
  serving = ready,
  terminating = false,
): Endpoint => ({ addresses: [address], nodeName, conditions: { ready, serving, terminating } });
const addresses = (of: Service, slices: readonly EndpointSlice[], node = "a"): string[] =>
  backends(of, port, slices, node).map((one) => `${one.address}:${one.port}`);

describe("which pods a node's port leads to", () => {
  const all = [
    slice(
      endpoint("10.0.0.1", "a", true),
      endpoint("10.0.0.2", "b", true),
      endpoint("10.0.0.3", "b", false, true, true),
      endpoint("10.0.0.4", "a", false),
    ),
  ];

  for (const [name, of, slices, expected] of [
    ["the ready ones of all nodes", service(), all, ["10.0.0.1:8080", "10.0.0.2:8080"]],
    [
      "the node's own with externalTrafficPolicy Local",
      service({ externalTrafficPolicy: "Local" }),
      all,
      ["10.0.0.1:8080"],
    ],
    [
      "terminating ones that serve, when nothing is ready",
      service(),
      [slice(endpoint("10.0.0.3", "b", false, true, true), endpoint("10.0.0.4", "a", false))],
      ["10.0.0.3:8080"],
    ],
    ["none that has stopped to serve", service(), [slice(endpoint("10.0.0.3", "b", false, false, true))], []],
    [
      "one whose conditions are not told",
      service(),
      [slice({ addresses: ["10.0.0.5"], nodeName: "a" })],
      ["10.0.0.5:8080"],
    ],
    [
      "nothing of another port's slice",
      service(),
      [{ ...slice(endpoint("10.0.0.1", "a", true)), ports: [{ name: "other", port: 9090 }] }],
      [],
    ],
  ] as const)
    it(name, () => assert.deepEqual(addresses(of, slices), expected));

  it("is never a terminating pod while another one is ready, and never a pod that does not serve", () => {
    const some = fc.array(
      fc.record({
        n: fc.integer({ min: 1, max: 250 }),
        node: fc.constantFrom("a", "b"),
        ready: fc.boolean(),
        serving: fc.boolean(),
        terminating: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(some, fc.boolean(), (list, local) => {
        const endpoints = list.map((one) =>
          endpoint(
            `10.0.0.${one.n}`,
            one.node,
            one.ready && !one.terminating,
            one.serving || one.ready,
            one.terminating,
          ),
        );
        const chosen = new Set(
          addresses(service(local ? { externalTrafficPolicy: "Local" } : {}), [slice(...endpoints)]),
        );
        const mine = endpoints.filter((one) => !local || one.nodeName === "a");
        const of = (test: (one: Endpoint) => boolean | undefined): Set<string> =>
          new Set(mine.filter(test).map((one) => `${one.addresses![0]}:8080`));
        const ready = of((one) => one.conditions?.ready);
        assert.deepEqual(
          chosen,
          ready.size > 0 ? ready : of((one) => one.conditions?.serving && one.conditions.terminating),
        );
      }),
    );
  });

  it("opens ports for NodePort and LoadBalancer alone, and TCP alone", () => {
    assert.deepEqual(
      nodePortsOf(service()).map((one) => one.nodePort),
      [30080],
    );
    assert.deepEqual(
      nodePortsOf(service({ type: "LoadBalancer" })).map((one) => one.nodePort),
      [30080],
    );
    assert.deepEqual(nodePortsOf(service({ type: "ClusterIP" })), []);
    assert.deepEqual(nodePortsOf(service({ ports: [{ ...port, protocol: "UDP" }] })), []);
    assert.deepEqual(
      nodePortsOf(service({ type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] })),
      [],
    );
  });

  it("has a health-check port only where Kubernetes gives one", () => {
    assert.equal(
      healthPortOf(service({ type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: 31999 })),
      31999,
    );
    assert.equal(healthPortOf(service({ type: "LoadBalancer", externalTrafficPolicy: "Cluster" })), null);
    assert.equal(healthPortOf(service({ externalTrafficPolicy: "Local" })), null);
  });

  it("counts a node's ready pods once, whatever number of ports they have", () => {
    assert.equal(localEndpoints([...all, ...all], "a"), 1);
    assert.equal(localEndpoints(all, "b"), 1);
    assert.equal(localEndpoints(all, "c"), 0);
  });
});
