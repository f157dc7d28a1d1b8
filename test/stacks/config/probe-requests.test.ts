import assert from "node:assert/strict";
import { ConfigError, parseEnvironmentConfig, type ServiceConfig } from "../../../stacks/config";
import { fits, probeRequestOf, receiverOf } from "../../../stacks/config/probe-requests";
import { devValues } from "../mock-engine";

type Match = NonNullable<ServiceConfig["match"]>;
const service = (name: string, match?: Match, probePath = "/") =>
  ({ name, probePath, ...(match === undefined ? {} : { match }) }) as ServiceConfig;

describe("the request with which the driver asks a service", () => {
  for (const { what, of, path, headers } of [
    { what: "without a rule", of: service("web", undefined, "/orders"), path: "/orders", headers: {} },
    {
      what: "of a host",
      of: service("shop", { priority: 1, hosts: ["*.Example.com"] }),
      path: "/",
      headers: { host: "probe.Example.com" },
    },
    {
      what: "of paths, and none that it may have",
      of: service("api", { priority: 1, paths: ["/api/*"] }),
      path: "/api/",
    },
    {
      what: "of a path of its own",
      of: service("api", { priority: 1, paths: ["/api/*"] }, "/api/me"),
      path: "/api/me",
    },
    { what: "of paths with a file's ending", of: service("img", { priority: 1, paths: ["*.png"] }), path: "/.png" },
    { what: "of everything, by path", of: service("all", { priority: 1, paths: ["/*"] }), path: "/" },
    {
      what: "of headers",
      of: service("beta", { priority: 1, headers: [{ name: "X-Ring", values: ["b?ta*"] }] }),
      path: "/",
      headers: { "x-ring": "bxta" },
    },
  ])
    it(`${what}: fits its own rule`, () => {
      const request = probeRequestOf(of);
      assert.deepEqual(request, { path, headers: headers ?? {} });
      assert.ok(of.match === undefined || fits(of.match, request));
    });

  it("is not let in by another host, path, method or header, and dots are no wildcards", () => {
    const request = { path: "/api/a?b=/c", headers: { host: "shop.example.com" } };
    const lets = (match: Omit<Match, "priority">): boolean => fits({ priority: 1, ...match }, request);
    assert.ok(lets({ hosts: ["SHOP.example.com"], paths: ["/api/?"], methods: ["HEAD", "GET"] }));
    assert.ok(!lets({ hosts: ["shop.example.org"] }) && !lets({ hosts: ["shop.exampl..com"] }));
    assert.ok(!lets({ paths: ["/api"] }) && !lets({ paths: ["/API/*"] }), "a path is whole, and its case counts");
    assert.ok(!lets({ methods: ["POST"] }) && !lets({ headers: [{ name: "X-Ring", values: ["?*"] }] }));
  });

  it("is given to the lowest number that fits, then to the one without a rule, then to nobody", () => {
    const all = [
      service("web"),
      service("late", { priority: 20, paths: ["/a*"] }),
      service("early", { priority: 10, paths: ["/a/b"] }),
    ];
    const to = (path: string, services = all) => receiverOf(services, { path, headers: {} });
    assert.deepEqual([to("/a/b"), to("/a/c"), to("/b"), to("/b", all.slice(1))], ["early", "late", "web", null]);
  });
});

describe("a config whose services share a port", () => {
  const problemsOf = (services: readonly object[]): string[] => {
    const values = {
      ...devValues,
      "eks-blue-green:loadBalancer": '{"type":"application"}',
      "eks-blue-green:services": JSON.stringify(
        services.map((one) => ({ image: "echo:1", port: 80, targetPort: 8080, ...one })),
      ),
    };
    try {
      parseEnvironmentConfig(values, { environment: "dev" });
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map(({ path, rule }) => `${path}: ${rule}`);
    }
  };

  it("is refused where the answer of another service, or of the load balancer, would stand for a service's own", () => {
    const taken = "does not lead to the service: the driver's GET request on port 80 would be answered by";
    assert.deepEqual(problemsOf([{ name: "web" }, { name: "all", match: { priority: 9, paths: ["/*"] } }]), [
      `services[0].probePath: ${taken} 'all'`,
    ]);
    assert.deepEqual(problemsOf([{ name: "web" }, { name: "form", match: { priority: 9, methods: ["POST"] } }]), [
      `services[1].probePath: ${taken} 'web'`,
    ]);
    assert.deepEqual(problemsOf([{ name: "api", probePath: "/health", match: { priority: 9, paths: ["/api/*"] } }]), [
      `services[0].probePath: ${taken} the load balancer itself`,
    ]);
    assert.deepEqual(problemsOf([{ name: "web" }, { name: "api", match: { priority: 9, paths: ["/api/*"] } }]), []);
  });
});
