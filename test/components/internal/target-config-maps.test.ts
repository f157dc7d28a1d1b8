/** Who may write the controller's ConfigMaps, asked of a real API server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import {
  targetConfigMapsBinding,
  targetConfigMapsPolicy,
  targetConfigMapsPolicyName,
} from "../../../components/internal/target-config-maps";
import { ApiClient, ApiError, readKubeconfig } from "../../../sandbox/kubernetes/api-client";
import { orGone } from "../../../sandbox/kubernetes/retry";
import { kubernetesTools, TestCluster, until } from "../../sandbox/node-agent/harness";

const POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const CONTROLLER = "system:serviceaccount:kube-system:aws-load-balancer-controller";
const metadata = { name: targetConfigMapsPolicyName };
const objects = [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata,
    spec: targetConfigMapsPolicy({ namespace: "kube-system", name: "aws-load-balancer-controller" }),
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata,
    spec: targetConfigMapsBinding,
  },
] as const;
const configMap = (name: string, targets = "10.42.1.20:8080"): object => ({ metadata: { name }, data: { targets } });
const maps = (namespace: string, name?: string): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name === undefined ? "" : `/${name}`}`;

async function refused(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => assert.fail("it was not refused"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiError, String(error));
  assert.equal(error.status, 403, error.message);
  return error.message;
}

it("policies/target-configmaps.yaml is what a member's stack makes", () => {
  const file = readFileSync(path.join(__dirname, "../../../policies/target-configmaps.yaml"), "utf8");
  assert.deepEqual(
    parseAllDocuments(file).map((one) => one.toJS() as unknown),
    objects,
  );
});

describe("the ConfigMaps that list a cluster's targets, with the policy", function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  const clients: ApiClient[] = [];
  const as = (user: string): ApiClient => {
    const client = new ApiClient({ ...readKubeconfig(cluster.kubeconfig), as: user });
    clients.push(client);
    return client;
  };
  let admin: ApiClient;
  let alice: ApiClient;
  let controller: ApiClient;
  const made = "aws-lbc-targets-web";

  const grant = (namespace: string | null, user: string, role: string): Promise<unknown> =>
    admin.create(namespace === null ? `${RBAC}/clusterrolebindings` : `${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { name: user.replaceAll(":", "-") },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    });

  before(async function () {
    const tools = kubernetesTools();
    if (tools === null) {
      assert.ok(!process.env["CI"], "the Kubernetes programs and etcd must be there under CI");
      return this.skip();
    }
    cluster = new TestCluster(tools, 60);
    await cluster.start();
    admin = cluster.client;
    for (const name of ["shop", "going"]) await admin.create("/api/v1/namespaces", { metadata: { name } });
    [alice, controller] = [as("alice"), as(CONTROLLER)];
    for (const namespace of ["shop", "going"]) {
      await grant(namespace, "alice", "edit");
      await grant(namespace, "nora", "admin");
    }
    await grant(null, "carol", "cluster-admin");
    await admin.create(`${RBAC}/clusterroles`, {
      metadata: { name: "controller" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get", "update", "patch", "delete"] }],
    });
    await grant(null, CONTROLLER, "controller");
    // Without the policy the attack succeeds: else the refusals below would prove nothing.
    await alice.create(maps("shop"), configMap("aws-lbc-targets-forged"));
    await alice.delete(maps("shop", "aws-lbc-targets-forged"));
    await admin.create(POLICIES, objects[0]);
    await admin.create(BINDINGS, objects[1]);
    // An API server enforces a policy some moments after it was made.
    await until("the policy to be enforced", () =>
      alice.create(`${maps("shop")}?dryRun=All`, configMap(made)).then(
        () => false,
        (error: unknown) => error instanceof ApiError && error.status === 403,
      ),
    );
  });

  after(async () => {
    for (const client of clients) client.close();
    await cluster?.stop();
  });

  it("are expressions that the API server finds nothing wrong with", async () => {
    type Policy = { status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: object[] } } };
    let status: Policy["status"];
    await until("the type check", async () => {
      status = (await admin.get<Policy>(`${POLICIES}/${targetConfigMapsPolicyName}`)).status;
      return status?.observedGeneration !== undefined;
    });
    assert.deepEqual(status?.typeChecking?.expressionWarnings ?? [], []);
  });

  it("are written and deleted by the controller", async () => {
    await controller.create(maps("shop"), configMap(made));
    await controller.patch(maps("shop", made), "merge", { data: { targets: "10.42.1.21:8080" } });
    await controller.delete(maps("shop", made));
    await controller.create(maps("shop"), configMap(made));
  });

  it("are neither made, changed nor deleted by edit or admin of a namespace, who are told whom to ask", async () => {
    for (const user of [alice, as("nora")]) {
      const messages = [
        await refused(user.create(maps("shop"), configMap("aws-lbc-targets-forged"))),
        await refused(
          user.create(maps("shop"), { ...configMap(""), metadata: { generateName: "aws-lbc-targets-forged-" } }),
        ),
        await refused(user.patch(maps("shop", made), "merge", { data: { targets: "10.42.9.9:8080" } })),
        await refused(user.patch(maps("shop", made), "merge", { metadata: { labels: { mine: "yes" } } })),
        await refused(
          user.patch(`${maps("shop", made)}?fieldManager=alice&force=true`, "apply", {
            apiVersion: "v1",
            kind: "ConfigMap",
            ...configMap(made, "10.42.9.9:8080"),
          }),
        ),
        await refused(user.delete(maps("shop", made))),
        await refused(user.delete(maps("shop"))),
      ];
      for (const message of messages) {
        assert.match(message, /only the AWS Load Balancer Controller \(service account kube-system\/aws-load-/);
        assert.match(message, /ask a cluster administrator/);
      }
    }
    const kept = await admin.get<{ data: object }>(maps("shop", made));
    assert.deepEqual(kept.data, { targets: "10.42.1.20:8080" });
  });

  it("leave all other ConfigMaps to whoever may edit the namespace", async () => {
    await alice.create(maps("going"), configMap("settings"));
    await alice.create(maps("going"), configMap("my-aws-lbc-targets-web"));
    await alice.patch(maps("going", "settings"), "merge", { data: { targets: "x" } });
    await alice.delete(maps("going"));
    await until("they are gone", async () => (await orGone(admin.get(maps("going", "settings")))) === undefined);
  });

  it("are corrected and deleted by a cluster administrator, as the remedies say", async () => {
    const carol = as("carol");
    await carol.patch(maps("shop", made), "merge", { data: { targets: "10.42.1.22:8080" } });
    await carol.delete(maps("shop", made));
    await carol.create(maps("shop"), configMap(made));
  });

  it("don't hold up a namespace that is deleted, whoever of Kubernetes empties it", async () => {
    for (const user of ["namespace-controller", "generic-garbage-collector"]) {
      await controller.create(maps("going"), configMap("aws-lbc-targets-api"));
      const clearer = as(`system:serviceaccount:kube-system:${user}`);
      await clearer.delete(maps("going", "aws-lbc-targets-api"));
    }
    await controller.create(maps("going"), configMap("aws-lbc-targets-api"));
    await as("system:serviceaccount:kube-system:namespace-controller").delete(maps("going"));
    await until(
      "all are gone",
      async () => (await orGone(admin.get(maps("going", "aws-lbc-targets-api")))) === undefined,
    );
    await controller.create(maps("going"), configMap("aws-lbc-targets-api"));
    await admin.delete("/api/v1/namespaces/going");
    await until(
      "the namespace to be gone",
      async () => (await orGone(admin.get("/api/v1/namespaces/going"))) === undefined,
    );
  });

  it("are free again when the policy is deleted", async () => {
    await admin.delete(`${BINDINGS}/${targetConfigMapsPolicyName}`);
    await admin.delete(`${POLICIES}/${targetConfigMapsPolicyName}`);
    await until("the policy to be gone", () =>
      alice.patch(maps("shop", made), "merge", { data: { targets: "" } }).then(
        () => true,
        () => false,
      ),
    );
  });
});
