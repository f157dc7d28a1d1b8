import assert from "node:assert/strict";
import fc from "fast-check";
import { type Json, merge, mergePodTemplate } from "../../../components/internal/pod-template";
import { podTemplateProblems, type PodTemplateContext } from "../../../components/internal/pod-template-problems";

const base = {
  metadata: { labels: { "app.kubernetes.io/name": "web" } },
  spec: {
    terminationGracePeriodSeconds: 360,
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" },
      { maxSkew: 1, topologyKey: "host", whenUnsatisfiable: "ScheduleAnyway" },
    ],
    containers: [
      {
        name: "web",
        image: "web:1",
        env: [{ name: "MEMBER", value: "blue" }],
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 5 },
        livenessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 10 },
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "128Mi" } },
        lifecycle: { preStop: { sleep: { seconds: 300 } } },
      },
    ],
  },
};
const merging = { name: "web", preStopSeconds: 300, securityContext: {} };
const mergedSpec = (spec: Json): Json => mergePodTemplate(base, { spec }, merging).spec as unknown as Json;
const containerOf = (spec: Json, name: string, list = "containers"): Json => {
  const found = (spec[list] as readonly Json[]).find((one) => one["name"] === name);
  assert.ok(found !== undefined, name);
  return found;
};

describe("merging pod templates", () => {
  it("leaves a template as it is where nothing is added", () =>
    assert.equal(mergePodTemplate(base, undefined, merging), base));

  it("merges what has a name by its name, and adds the rest", () => {
    const spec = mergedSpec({
      containers: [
        { name: "web", env: [{ name: "LOG", value: "debug" }], ports: [{ name: "metrics", containerPort: 9090 }] },
        { name: "proxy", image: "envoy:1" },
      ],
      volumes: [{ name: "tmp", emptyDir: {} }],
      tolerations: [{ key: "spot", operator: "Exists" }],
      topologySpreadConstraints: [{ topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
    });
    const web = containerOf(spec, "web");
    assert.equal(web["image"], "web:1");
    assert.deepEqual(web["env"], [
      { name: "MEMBER", value: "blue" },
      { name: "LOG", value: "debug" },
    ]);
    assert.deepEqual(web["ports"], [
      { name: "http", containerPort: 8080 },
      { name: "metrics", containerPort: 9090 },
    ]);
    assert.deepEqual(spec["volumes"], [{ name: "tmp", emptyDir: {} }]);
    assert.deepEqual(spec["tolerations"], [{ key: "spot", operator: "Exists" }]);
    assert.deepEqual(spec["topologySpreadConstraints"], [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
      { maxSkew: 1, topologyKey: "host", whenUnsatisfiable: "ScheduleAnyway" },
    ]);
  });

  it("loses no spread constraint: two may have one key", () => {
    const twice = ["DoNotSchedule", "ScheduleAnyway"].map((whenUnsatisfiable) => ({
      topologyKey: "zone",
      whenUnsatisfiable,
    }));
    const merged = mergedSpec({ topologySpreadConstraints: twice })["topologySpreadConstraints"] as readonly Json[];
    assert.deepEqual(
      merged.map((one) => `${String(one["topologyKey"])} ${String(one["whenUnsatisfiable"])}`),
      ["zone DoNotSchedule", "host ScheduleAnyway", "zone ScheduleAnyway"],
    );
  });

  it("gives a probe the fragment's handler alone, and keeps its periods", () => {
    const web = containerOf(
      mergedSpec({ containers: [{ name: "web", readinessProbe: { grpc: { port: 8080 } }, livenessProbe: null }] }),
      "web",
    );
    assert.deepEqual(web["readinessProbe"], { grpc: { port: 8080 }, periodSeconds: 5 });
    assert.equal(Object.hasOwn(web, "livenessProbe"), false);
    const path = containerOf(
      mergedSpec({ containers: [{ name: "web", readinessProbe: { httpGet: { path: "/ready" } } }] }),
      "web",
    );
    assert.deepEqual(path["readinessProbe"], { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 5 });
  });

  it("takes a variable or a volume as a whole: it has one source", () => {
    const both = merge(
      { env: [{ name: "A", value: "1" }], volumes: [{ name: "v", emptyDir: {} }] },
      {
        env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        volumes: [{ name: "v", secret: { secretName: "s" } }],
      },
    );
    assert.deepEqual(both["env"], [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }]);
    assert.deepEqual(both["volumes"], [{ name: "v", secret: { secretName: "s" } }]);
  });

  it("lets containers beside the service's serve on as long; native sidecars outlive them by themselves", () => {
    const spec = mergedSpec({
      containers: [{ name: "proxy", image: "envoy:1" }],
      initContainers: [{ name: "log", image: "fluent:1", restartPolicy: "Always" }],
    });
    assert.deepEqual(containerOf(spec, "proxy")["lifecycle"], { preStop: { sleep: { seconds: 300 } } });
    assert.equal(containerOf(spec, "log", "initContainers")["lifecycle"], undefined);
  });

  it("writes amounts as texts, as Kubernetes answers them", () => {
    const spec = mergedSpec({ containers: [{ name: "web", resources: { requests: { cpu: 2 } } }] });
    assert.deepEqual(containerOf(spec, "web")["resources"], {
      requests: { cpu: "2", memory: "128Mi" },
      limits: { memory: "128Mi" },
    });
  });

  it("puts what the standard asks below what a sidecar says itself", () => {
    const { spec } = mergePodTemplate(
      base,
      { spec: { containers: [{ name: "p", image: "p:1", securityContext: { runAsUser: 7 } }] } },
      { ...merging, securityContext: { runAsNonRoot: true } },
    );
    assert.deepEqual(containerOf(spec as unknown as Json, "p")["securityContext"], {
      runAsNonRoot: true,
      runAsUser: 7,
    });
    assert.equal(
      containerOf(spec as unknown as Json, "web")["securityContext"],
      undefined,
      "its own is made elsewhere",
    );
  });

  const values = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(fc.integer(), fc.constant(null), fc.dictionary(fc.constantFrom("x", "y"), fc.integer())),
  );
  it("says what the fragment says, twice as once, and nothing where the fragment has null", () =>
    fc.assert(
      fc.property(values, values, (left, part) => {
        const once = merge(left, part);
        assert.deepEqual(merge(once, part), once);
        for (const [key, value] of Object.entries(part)) {
          if (value === null) assert.equal(Object.hasOwn(once, key), false);
          else if (typeof value === "number") assert.equal(once[key], value);
          else for (const [inner, one] of Object.entries(value)) assert.equal((once[key] as Json)[inner], one);
        }
        for (const key of Object.keys(left)) if (!Object.hasOwn(part, key)) assert.deepEqual(once[key], left[key]);
      }),
    ));
});

describe("what a pod template must not change", () => {
  const context: PodTemplateContext = {
    name: "web",
    ports: [{ name: "http", targetPort: 8080 }],
    called: { preStop: "preStopSeconds", grace: "terminationGraceSeconds", variables: "environment" },
  };
  const pathsOf = (part: object, more: Partial<PodTemplateContext> = {}): string[] =>
    podTemplateProblems(part, { ...context, ...more }).map(({ path, rule, remedy }) => {
      assert.ok(rule.length > 0 && remedy.length > 0, path);
      return path;
    });
  const web = (change: object): object => ({ spec: { containers: [{ name: "web", ...change }] } });
  const beside = (change: object): object => ({ spec: { containers: [{ name: "p", image: "p:1", ...change }] } });

  const refused: readonly [string, object, string, Partial<PodTemplateContext>?][] = [
    ["a selector's label", { metadata: { labels: { "app.kubernetes.io/name": "x" } } }, "app.kubernetes.io/name"],
    ["the pod's name", { metadata: { name: "x" } }, "metadata.name"],
    ["the node's network", { spec: { hostNetwork: true } }, "spec.hostNetwork"],
    ["readiness gates", { spec: { readinessGates: [] } }, "spec.readinessGates"],
    ["no metadata", { metadata: null }, "metadata"],
    ["no labels", { metadata: { labels: null } }, "metadata.labels"],
    ["no spec", { spec: null }, "spec"],
    ["no variables", web({ env: null }), "containers[0].env"],
    ["one node for all", { spec: { nodeName: "n" } }, "spec.nodeName"],
    ["the list of containers", { spec: { containers: null } }, "spec.containers"],
    ["the image", web({ image: "y" }), "containers[0].image"],
    ["the port of targets", web({ ports: [{ containerPort: 8080, protocol: "UDP" }] }), "containers[0].ports[0]"],
    ["its name", web({ ports: [{ name: "http", containerPort: 1 }] }), "containers[0].ports[0]"],
    ["no ports", web({ ports: null }), "containers[0].ports"],
    ["no readiness probe", web({ readinessProbe: null }), "containers[0].readinessProbe"],
    ["no preStop", web({ lifecycle: { preStop: null } }), "lifecycle.preStop"],
    ["no lifecycle", web({ lifecycle: null }), "lifecycle"],
    ["a preStop below the lag", web({ lifecycle: { preStop: { sleep: { seconds: 20 } } } }), "preStop.sleep.seconds"],
    ["a preStop of unknown length", web({ lifecycle: { preStop: { exec: { command: ["x"] } } } }), "lifecycle.preStop"],
    ["a sidecar's of unknown length", beside({ lifecycle: { preStop: { exec: {} } } }), "lifecycle.preStop"],
    ["a sidecar's that is longer", beside({ lifecycle: { preStop: { sleep: { seconds: 301 } } } }), "sleep.seconds"],
    ["a sidecar's below the lag", beside({ lifecycle: { preStop: { sleep: { seconds: 1 } } } }), "sleep.seconds"],
    ["a sidecar without a preStop", beside({ lifecycle: null }), "containers[0].lifecycle"],
    ["a port of the node", beside({ ports: [{ containerPort: 1, hostPort: 1 }] }), "ports[0].hostPort"],
    ["a probe that asks nothing", web({ readinessProbe: { httpGet: null } }), "containers[0].readinessProbe"],
    ["a container without a name", { spec: { containers: [{ image: "x" }] } }, "containers[0].name"],
    ["a sidecar without an image", beside({ image: undefined }), "containers[0].image"],
    ["a sidecar among the containers", beside({ restartPolicy: "Always" }), "restartPolicy"],
    ["the member's name", web({ env: [{ name: "MEMBER", value: "x" }] }), "containers[0].env[0]"],
    ["a variable twice", web({ env: [{ name: "A", value: "x" }] }), "containers[0].env[0]", { variables: ["A"] }],
    ["memory twice", web({ resources: { limits: { memory: "1Gi" } } }), "resources", { memory: "512Mi" }],
    ["a container twice", { spec: { initContainers: [{ name: "web", image: "x" }] } }, "initContainers[0].name"],
    [
      "two times of grace",
      { spec: { terminationGracePeriodSeconds: 400 } },
      "terminationGracePeriodSeconds",
      { terminationGraceSeconds: 360 },
    ],
    [
      "two preStops",
      web({ lifecycle: { preStop: { sleep: { seconds: 200 } } } }),
      "preStop.sleep.seconds",
      { preStopSeconds: 300 },
    ],
    ["another account", { spec: { serviceAccountName: "x" } }, "serviceAccountName", { serviceAccountName: "y" }],
    [
      "the token",
      { spec: { automountServiceAccountToken: true } },
      "automountServiceAccountToken",
      { podSecurity: { profile: "baseline" } },
    ],
  ];
  for (const [what, part, path, more] of refused)
    it(`refuses ${what}`, () => {
      const paths = pathsOf(part, more);
      assert.equal(paths.length, 1, paths.join());
      assert.ok(paths[0]?.endsWith(path), paths.join());
    });

  const insecure: readonly object[] = [
    { hostPID: true },
    { securityContext: { runAsNonRoot: false } },
    { securityContext: { appArmorProfile: { type: "Unconfined" } } },
    { securityContext: { seLinuxOptions: { type: "spc_t" } } },
    { securityContext: { windowsOptions: { hostProcess: true } } },
    { securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1" }] } },
    { volumes: [{ name: "v", hostPath: { path: "/" } }] },
    { containers: [{ name: "p", image: "p", securityContext: { privileged: true } }] },
    { containers: [{ name: "p", image: "p", securityContext: { capabilities: { add: ["SYS_ADMIN"] } } }] },
    { containers: [{ name: "web", securityContext: { runAsUser: 0 } }] },
    { initContainers: [{ name: "i", image: "i", securityContext: null }] },
  ];
  for (const spec of insecure)
    it(`refuses ${JSON.stringify(spec)} with the restricted profile alone`, () => {
      assert.deepEqual(pathsOf({ spec }), []);
      assert.equal(pathsOf({ spec }, { podSecurity: { profile: "restricted" } }).length, 1);
    });

  it("takes what teams need", () =>
    assert.deepEqual(
      pathsOf(
        {
          metadata: { labels: { team: "shop" }, annotations: { "prometheus.io/scrape": "true" } },
          spec: {
            priorityClassName: "critical",
            terminationGracePeriodSeconds: 400,
            imagePullSecrets: [{ name: "registry" }],
            securityContext: { fsGroup: 1000 },
            initContainers: [
              { name: "migrate", image: "m:1" },
              { name: "proxy", image: "envoy:1", restartPolicy: "Always", ports: [{ containerPort: 9901 }] },
            ],
            containers: [
              {
                name: "web",
                lifecycle: { preStop: { sleep: { seconds: 200 } }, postStart: { exec: { command: ["x"] } } },
                resources: { limits: { memory: "1Gi" }, requests: { memory: "1Gi" } },
                startupProbe: null,
                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                securityContext: { readOnlyRootFilesystem: true, capabilities: { add: ["NET_BIND_SERVICE"] } },
              },
            ],
            volumes: [{ name: "tmp", emptyDir: {} }],
          },
        },
        { podSecurity: { profile: "restricted" } },
      ),
      [],
    ));
});
