import assert from "node:assert/strict";
import { type EnvironmentConfig, parseEnvironmentConfig } from "../../../stacks/config";
import { listenersOf } from "../../../stacks/config/listeners";
import { weightedRolloutOf } from "../../../stacks/config/weighted-rollout";
import { devWith } from "../mock-engine";
import { problemsIn } from "./problems-of";

type Change = Readonly<Record<string, unknown>>;

const configOf = (change: Change): EnvironmentConfig => parseEnvironmentConfig(devWith(change), { environment: "dev" });

const problemsOf = (change: Change): string[] => problemsIn(() => configOf(change));

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const shop = (match: unknown, more: object = {}) => ({ ...web, name: "shop", match, ...more });
const application = { loadBalancer: { type: "application" } };
const certificateArns = ["arn:aws:acm:us-east-1:123456789012:certificate/1"];
const albSource = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application";

describe("a config with weighted traffic", () => {
  it("has steps, their time and the hold by default, by the type of load balancer", () => {
    assert.deepEqual(weightedRolloutOf(configOf({ traffic: "weighted" })), {
      steps: [10, 50, 100],
      stepSeconds: 300,
      weightHoldSeconds: 600,
    });
    assert.equal(weightedRolloutOf(configOf({ traffic: "weighted", ...application })).weightHoldSeconds, 120);
    const rollout = { steps: [1, 100], stepSeconds: 60, weightHoldSeconds: 90 };
    assert.deepEqual(weightedRolloutOf(configOf({ traffic: "weighted", rollout })), rollout);
  });

  it("leaves no trace in the config of an environment that has none of it", () => {
    const plain = configOf({});
    assert.deepEqual(
      [
        plain.traffic,
        plain.loadBalancer?.type,
        plain.loadBalancer?.https,
        plain.rollout.steps,
        plain.rollout.stepSeconds,
      ],
      [undefined, undefined, undefined, undefined, undefined],
    );
    assert.ok(!("traffic" in plain) && !("type" in (plain.loadBalancer ?? {})) && !("steps" in plain.rollout));
  });

  for (const { what, change, problem } of [
    {
      what: "steps that don't ascend",
      change: { traffic: "weighted", rollout: { steps: [50, 10, 100] } },
      problem: "rollout.steps: must ascend, and the last must be 100",
    },
    {
      what: "steps that don't end with all of it",
      change: { traffic: "weighted", rollout: { steps: [10, 50] } },
      problem: "rollout.steps: must ascend, and the last must be 100",
    },
    {
      what: "a step of nothing",
      change: { traffic: "weighted", rollout: { steps: [0, 100] } },
      problem: "rollout.steps[0]: must be a whole number from 1 to 100 (percent)",
    },
    {
      what: "a step that is text",
      change: { traffic: "weighted", rollout: { steps: ["10", 100] } },
      problem: "rollout.steps[0]: must be a whole number from 1 to 100 (percent)",
    },
    {
      what: "a hold shorter than a minute",
      change: { traffic: "weighted", rollout: { weightHoldSeconds: 5 } },
      problem: "rollout.weightHoldSeconds: must be a whole number from 60 to 3600 (seconds, at most an hour)",
    },
    {
      what: "steps of shared traffic",
      change: { rollout: { steps: [10, 100] } },
      problem: "rollout.steps: needs traffic: weighted; with shared traffic a member comes in with all its targets",
    },
    {
      what: "load balancers of Services",
      change: { traffic: "weighted", loadBalancer: { owner: "service" } },
      problem: "traffic: needs loadBalancer.owner stack: the weights of a Service's load balancer are its controller's",
    },
    {
      what: "more members than an action has groups",
      change: { traffic: "weighted", members: ["a", "b", "c", "d", "e", "f"] },
      problem:
        "members: must be at most 5 with traffic: weighted: an action has a target group of each " +
        `(${albSource}/load-balancer-limits.html, 2026-11-30)`,
    },
  ])
    it(`is refused with ${what}`, () => assert.deepEqual(problemsOf(change), [problem]));
});

describe("a config with an Application Load Balancer", () => {
  it("has a listener for each distinct port, HTTPS where it says so, and one that redirects", () => {
    const https = { certificateArns, redirectFrom: 80 };
    const services = [
      { ...web, port: 443 },
      shop({ priority: 100, hosts: ["shop.example.com"] }, { port: 443 }),
      { ...web, name: "admin", port: 8080 },
    ];
    assert.deepEqual(listenersOf(configOf({ loadBalancer: { type: "application", https }, services })), [
      { port: 443, protocol: "HTTPS", redirectTo: null },
      { port: 8080, protocol: "HTTP", redirectTo: null },
      { port: 80, protocol: "HTTP", redirectTo: 443 },
    ]);
    assert.deepEqual(listenersOf(configOf({})), [{ port: 80, protocol: "TCP", redirectTo: null }]);
  });

  it("takes all services of a port with match: what none gets is answered 404", () =>
    assert.deepEqual(
      problemsOf({ ...application, services: [shop({ priority: 10, paths: ["/shop/*"], methods: ["GET"] })] }),
      [],
    ));

  for (const { what, change, problems } of [
    {
      what: "two services of a port without match",
      change: { ...application, services: [web, { ...web, name: "shop" }] },
      problems: [
        "services[1].match: is required: services[0] has port 80 without match as well, and one alone can get what " +
          "no other gets",
      ],
    },
    {
      what: "one priority twice on a port",
      change: {
        ...application,
        services: [
          shop({ priority: 10, hosts: ["a.example.com"] }),
          { ...shop({ priority: 10, paths: ["/b"] }), name: "b" },
        ],
      },
      problems: ["services[1].match.priority: is taken by services[0] on port 80"],
    },
    {
      what: "a match that says nothing",
      change: { ...application, services: [shop({ priority: 10 })] },
      problems: [
        "services[0].match: must say something of hosts, paths, methods or headers: a rule has at least one condition",
      ],
    },
    {
      what: "hosts that no rule of AWS's has, and the header that hosts are for",
      change: {
        ...application,
        services: [shop({ priority: 10, hosts: ["shop", "shop.*"], headers: [{ name: "Host", values: ["a"] }] })],
      },
      problems: [
        ...[0, 1].map(
          (index) =>
            `services[0].match.hosts[${index}]: must be a host of letters, digits, - _ . * and ?, with letters and ` +
            `digits alone behind its last dot, at most 128 characters (${albSource}/load-balancer-listeners.html, 2026-11-30)`,
        ),
        "services[0].match.headers[0].name: must be the name of an HTTP header with at most 40 characters, but not of " +
          `\`host\`, for which hosts is (${albSource}/load-balancer-listeners.html, 2026-11-30)`,
      ],
    },
    {
      what: "a zone that serves from its own targets alone, with weights",
      change: { traffic: "weighted", loadBalancer: { crossZone: false } },
      problems: [
        "loadBalancer.crossZone: can't be off with traffic: weighted: a zone in which the serving member has no target " +
          "would refuse clients",
      ],
    },
    {
      what: "more values than a rule has",
      change: {
        ...application,
        services: [shop({ priority: 10, hosts: ["a.b", "c.d", "e.f"], paths: ["/a", "/b", "/c"] })],
      },
      problems: [
        `services[0].match: must have at most 5 values in all (${albSource}/load-balancer-listeners.html, 2026-11-30)`,
      ],
    },
    {
      what: "more values than a condition has, of a header",
      change: {
        ...application,
        services: [shop({ priority: 10, headers: [{ name: "X-Tenant", values: ["a", "b", "c", "d"] }] })],
      },
      problems: [
        "services[0].match.headers[0].values: must have at most 3 values " +
          `(${albSource}/load-balancer-listeners.html, 2026-11-30)`,
      ],
    },
    {
      what: "more wildcards than a rule has",
      change: { ...application, services: [shop({ priority: 10, paths: ["/*/*/*", "/?/?/?"] })] },
      problems: [
        `services[0].match: must have at most 5 wildcards in all (${albSource}/load-balancer-listeners.html, 2026-11-30)`,
      ],
    },
    {
      what: "a Network Load Balancer and a match",
      change: { services: [shop({ priority: 10, hosts: ["a.example.com"] })] },
      problems: [
        "services[0].match: needs loadBalancer.type application: a Network Load Balancer does not look into requests",
      ],
    },
    {
      what: "a Network Load Balancer and HTTPS",
      change: { loadBalancer: { https: { certificateArns, ports: [80] } } },
      problems: [
        "loadBalancer.https: needs type application: a Network Load Balancer of this package hands on TCP, and pods end TLS",
      ],
    },
    {
      what: "owner service",
      change: { loadBalancer: { type: "application", owner: "service" } },
      problems: ["loadBalancer.type: needs owner stack: a Service of type LoadBalancer has a Network Load Balancer"],
    },
    {
      what: "zones that serve from their own targets alone",
      change: { loadBalancer: { type: "application", crossZone: false } },
      problems: [
        "loadBalancer.crossZone: can't be off with type application: a zone whose member has no targets would answer 503",
      ],
    },
    {
      what: "HTTPS on a port that no service has, and a redirect from one that a service has",
      change: { loadBalancer: { type: "application", https: { certificateArns, redirectFrom: 80 } } },
      problems: [
        "loadBalancer.https.ports[0]: is no service's listener port (they are 80)",
        "loadBalancer.https.redirectFrom: is a service's listener port: nothing would reach that service",
      ],
    },
    {
      what: "HTTPS without a certificate",
      change: { loadBalancer: { type: "application", https: { ports: [80] } } },
      problems: ["loadBalancer.https.certificateArns: is required; must be a list of at least 1"],
    },
    {
      what: "settings that no Application Load Balancer takes",
      change: {
        loadBalancer: {
          type: "application",
          application: { idleTimeoutSeconds: 4001, desyncMode: "off", webAclArn: "arn:aws:waf::1:webacl/a" },
        },
      },
      problems: [
        `loadBalancer.application.idleTimeoutSeconds: must be a whole number from 1 to 4000 (${albSource}/edit-load-balancer-attributes.html, 2026-11-30)`,
        "loadBalancer.application.desyncMode: must be one of monitor, defensive, strictest",
        "loadBalancer.application.webAclArn: must be the ARN of a regional web ACL of WAF",
      ],
    },
    {
      what: "settings of its own on a Network Load Balancer",
      change: {
        loadBalancer: { application: { idleTimeoutSeconds: 90 } },
        services: [{ ...web, http: { algorithm: "round_robin" } }],
      },
      problems: [
        "loadBalancer.application: needs type application",
        "services[0].http: needs loadBalancer.type application: a Network Load Balancer hands on connections",
      ],
    },
    {
      what: "slow start beside another algorithm",
      change: {
        ...application,
        services: [{ ...web, http: { algorithm: "weighted_random", slowStartSeconds: 30 } }],
      },
      problems: [
        `services[0].http.slowStartSeconds: needs algorithm round_robin (${albSource}/edit-target-group-attributes.html, 2026-11-30)`,
      ],
    },
    {
      what: "cookies and slow start of weighted groups",
      change: {
        ...application,
        traffic: "weighted",
        services: [{ ...web, http: { slowStartSeconds: 30, stickinessSeconds: 60 } }],
      },
      problems: [
        "services[0].http.slowStartSeconds: needs traffic: shared; with weights the first targets of a group get their whole part at once",
        "services[0].http.stickinessSeconds: needs traffic: shared; with weights a cookie may lead to a member whose weight is 0",
      ],
    },
    {
      what: "more groups of members than it has",
      change: {
        ...application,
        traffic: "weighted",
        rollout: { minCapacityPercent: 0 },
        services: Array.from({ length: 51 }, (_, index) => ({
          ...web,
          name: `s${index}`,
          replicas: 2,
          match: { priority: index + 1, paths: [`/s${index}`] },
        })),
      },
      problems: [
        `services: make 102 target groups, and a load balancer has at most 100 (${albSource}/load-balancer-limits.html, 2026-11-30)`,
      ],
    },
  ])
    it(`is refused with ${what}`, () => assert.deepEqual(problemsOf(change), problems));
});
