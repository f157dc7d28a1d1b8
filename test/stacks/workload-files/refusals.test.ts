import assert from "node:assert/strict";
import { parse } from "yaml";
import { formatProblem } from "../../../components/internal/problems";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { inNamespaces, type KubernetesObject } from "../../../stacks/workload-files/objects";
import { objectProblems } from "../../../stacks/workload-files/refusals";
import { devWith } from "../mock-engine";

const web = {
  name: "web",
  namespace: "shop",
  workload: "manifests",
  manifests: { path: "./m" },
  port: 80,
  targetPort: 8080,
};
const api = { ...web, name: "api", port: 81 };
const own = { name: "own", namespace: "shop", image: "echo:1", port: 82, targetPort: 8080 };
const config = parseEnvironmentConfig(devWith({ services: [web, api, own] }), { environment: "dev" });
const serviceOf = (name: string, more = ""): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name} }, spec: { selector: { a: b }, ports: [{ port: 8080 }]${more} } }`;

/** What the Service of `web` leads to. */
const pods = podsOf("pods");
function podsOf(name: string, more = ""): string {
  const template = "{ metadata: { labels: { a: b, c: d } } }";
  return `{ apiVersion: apps/v1, kind: Deployment, metadata: { name: ${name} }, spec: { template: ${template}${more} } }`;
}

/** Of service `web`, whose Service is added unless it is among them. */
function problemsOf(texts: readonly string[], service = serviceOf("web")): string[] {
  const objects = [...(service === "" ? [] : [service, pods]), ...texts].map((text) => parse(text) as KubernetesObject);
  const [entry] = config.services;
  if (entry === undefined) throw new Error("no service");
  const placed = inNamespaces(
    objects.map((object) => ({ file: "m/a.yaml", object })),
    "shop",
  );
  return objectProblems(config, [{ service: entry, key: "services[0].manifests", objects: placed }]).map(formatProblem);
}
const deployment = (spec: string): string =>
  `{ apiVersion: apps/v1, kind: Deployment, metadata: { name: a }, spec: ${spec} }`;

describe("objects from files", () => {
  it("of two services are told apart by service, namespace and name, which must not run together", () => {
    const [first] = config.services;
    if (first === undefined) throw new Error("no service");
    const of = (name: string, namespace: string) => {
      const objects = [serviceOf("web"), pods].map((text) => ({
        file: "m/a.yaml",
        object: parse(text) as KubernetesObject,
      }));
      const service = { ...first, name, namespace, manifests: { ...first.manifests!, service: "web" } };
      return { service, key: "services[0].manifests", objects: inNamespaces(objects, namespace) };
    };
    const said = objectProblems(config, [of("web", "api-shop"), of("web-api", "shop")]).map(formatProblem);
    assert.equal(said.length, 2, said.join("\n"));
    assert.match(said[0] ?? "", /Service shop\/web: "web": can't be told from an object of service 'web'/);
    assert.deepEqual(objectProblems(config, [of("web", "api-shop"), of("web-api", "other")]), []);
  });

  it("are taken as they are: any kind, in any namespace, with an Ingress of another class", () => {
    assert.deepEqual(
      problemsOf([
        deployment("{ replicas: 2 }"),
        "{ apiVersion: a.example/v1, kind: Anything, metadata: { name: a, namespace: other } }",
        "{ apiVersion: v1, kind: Namespace, metadata: { name: more } }",
        "{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: a }, spec: { ingressClassName: nginx } }",
        serviceOf("headless", ", clusterIP: None"),
      ]),
      [],
    );
  });

  const refused: readonly (readonly [title: string, text: string, said: RegExp])[] = [
    [
      "a Service of type LoadBalancer",
      serviceOf("lb", ", type: LoadBalancer"),
      /^m\/a\.yaml, Service shop\/lb: "type: LoadBalancer": would make a load balancer of its own on every member.*ClusterIP/,
    ],
    [
      "an Ingress of the controller's class",
      "{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: a }, spec: { ingressClassName: alb } }",
      /Ingress shop\/a: "ingressClassName: alb": would make a load balancer/,
    ],
    [
      "an Ingress of that class by annotation",
      "{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: a, annotations: { kubernetes.io/ingress.class: alb } } }",
      /would make a load balancer/,
    ],
    [
      "a TargetGroupBinding",
      "{ apiVersion: elbv2.k8s.aws/v1beta1, kind: TargetGroupBinding, metadata: { name: a }, spec: { targetGroupARN: arn } }",
      /TargetGroupBinding shop\/a: "arn": registers pods .*moves make the bindings/,
    ],
    [
      "the service's namespace",
      "{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }",
      /Namespace shop: "shop": is made by this package/,
    ],
    [
      "Kubernetes' namespaces",
      "{ apiVersion: v1, kind: Namespace, metadata: { name: kube-system } }",
      /is Kubernetes' own/,
    ],
    [
      "what a managed service has",
      "{ apiVersion: apps/v1, kind: Deployment, metadata: { name: own } }",
      /Deployment shop\/own: "own": is this package's: service 'own' is of workload managed/,
    ],
    [
      "a generated name",
      "{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, generateName: a- } }",
      /can't have generateName/,
    ],
    ["an object twice", serviceOf("web"), /Service shop\/web: "web": is there twice: m\/a\.yaml has it as well/],
  ];
  for (const [title, text, said] of refused)
    it(`may not have ${title}`, () => {
      const found = problemsOf([text]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", said);
    });

  it("may say replicas beside an autoscaler: only the first update writes them", () => {
    const target = "{ kind: Deployment, name: a }";
    const scaler = `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: s }, spec: { scaleTargetRef: ${target} } }`;
    for (const spec of ["{ replicas: 3 }", "{}"]) assert.deepEqual(problemsOf([scaler, deployment(spec)]), []);
  });

  it("have no Service that is bound past the pods: a label with another value is a slip", () => {
    const typo = serviceOf("web").replace("{ a: b }", "{ a: wbe }");
    assert.match(
      problemsOf([pods], "").concat(problemsOf([], typo)).join(),
      /Service shop\/web: {"a":"wbe"}: selects no pod: those of these files have another value of such a label/,
    );
    // Labels that only run time gives, pods of another service's files or of an operator.
    const leader = serviceOf("web").replace("{ a: b }", "{ a: b, role: leader }");
    assert.deepEqual(problemsOf([], leader), []);
    assert.deepEqual(problemsOf([], serviceOf("web").replace("{ a: b }", "{ app: vault }")), []);
  });

  const leads = (port: string): string => serviceOf("web").replace("{ port: 8080 }", port);
  const named = podsOf("named").replace(
    "} } }",
    "} }, spec: { containers: [{ ports: [{ name: http, containerPort: 9000 }] }] } }",
  );
  for (const [title, service, said] of [
    [
      "to another port",
      leads("{ port: 8080, targetPort: 9999 }"),
      /9999: is where port 8080 leads to \(9999\), and .*targetPort is 8080/,
    ],
    [
      "to another port by its name",
      leads("{ port: 8080, targetPort: http }"),
      /"http": is where port 8080 leads to \(9000\)/,
    ],
    ["over UDP", leads("{ port: 8080, protocol: UDP }"), /"UDP": is the protocol of port 8080/],
    ["to a name", serviceOf("web", ", type: ExternalName"), /"type: ExternalName": leads to a name/],
  ] as const)
    it(`have a bound Service that does not lead ${title}`, () => {
      const found = problemsOf([pods, named], "").concat(problemsOf([named], service));
      assert.match(found.join(), said);
    });
  it("have a bound Service that leads to the port of the config, by number or name", () => {
    for (const port of ["{ port: 8080 }", "{ port: 8080, targetPort: 8080 }", "{ port: 8080, targetPort: unknown }"])
      assert.deepEqual(problemsOf([named], leads(port)), []);
    const right = named.replace("9000", "8080");
    const elsewhere = named.replace("name: named }", "name: named, namespace: other }");
    assert.deepEqual(problemsOf([right, elsewhere], leads("{ port: 8080, targetPort: http }")), []);
  });

  for (const [how, more] of [
    ["strategy: Recreate", ", strategy: { type: Recreate }"],
    ["maxUnavailable: 100%", ', strategy: { rollingUpdate: { maxUnavailable: "100%" } }'],
  ] as const)
    it(`may not end all pods behind that Service at each change: ${how}`, () => {
      assert.match(
        problemsOf([podsOf("b", more)]).join(),
        new RegExp(`^m/a\\.yaml, Deployment shop/b: "${how}": ends every pod before new ones are there.*RollingUpdate`),
      );
      // Whoever is behind no Service may do so.
      assert.deepEqual(problemsOf([podsOf("b", more).replace("a: b, c: d", "e: f")]), []);
    });

  it("have the Service that is bound, with a selector and the port", () => {
    assert.match(
      problemsOf([], "").join(),
      /^services\[0\]\.manifests\.service: "web": is no Service of the files in namespace shop, which have none there/,
    );
    assert.match(problemsOf([], serviceOf("other")).join(), /\(they have other\)/);
    assert.match(problemsOf([], serviceOf("web").replace("{ a: b }", "{}")).join(), /has no selector/);
    assert.match(problemsOf([], serviceOf("web").replace("8080", "80")).join(), /8080: has no such port \(it has 80\)/);
  });
});
