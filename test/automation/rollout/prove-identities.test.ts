import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { identitiesOf } from "../../../automation/adapters/kubernetes/pod-identities";
import type { PodIdentities } from "../../../automation/ports/pod-identities";
import { type IdentityRun, identitiesWanted, proveIdentities } from "../../../automation/rollout/prove-identities";
import type { MemberOutputs } from "../../../stacks/contract";

const web = { namespace: "shop", deployment: "web", awsIdentity: "web", selector: { app: "web" } };
const memberWith = (services: object): MemberOutputs =>
  ({ member: "blue", clusterName: "dev-blue", services }) as unknown as MemberOutputs;
const good: PodIdentities = { given: ["web-1"], lacking: [] };
const bad: PodIdentities = { given: [], lacking: ["web-1"] };

/** What pods have is said by time in seconds and number of restarts. */
function run(answer: (at: number, restarts: number) => PodIdentities, services: object = { web }, abortAt = Infinity) {
  const restarts: string[] = [];
  const told: string[] = [];
  const stop = new AbortController();
  let now = 0;
  const ports = {
    clock: {
      now: () => now,
      scaled: (seconds: number) => seconds * 1000,
      sleep: async (ms: number) => {
        now += ms;
        if (now >= abortAt * 1000) stop.abort();
      },
    },
    kubernetes: {
      podIdentities: async () => answer(now / 1000, restarts.length),
      restartDeployment: async (_: MemberOutputs, namespace: string, name: string, token: string) =>
        void restarts.push(`${namespace}/${name} ${token}`),
    },
  } as unknown as Parameters<typeof proveIdentities>[0];
  const identityRun: IdentityRun = {
    token: "7-2",
    stop: stop.signal,
    stopped: () => new Error("stopped"),
    tell: (status, _, message) => void told.push(`${status}: ${message}`),
  };
  return { result: proveIdentities(ports, memberWith(services), identityRun), restarts, told };
}

describe("credentials of a workload's pods", () => {
  it("are looked for once for each Deployment that has a role, and for no other", () => {
    const wanted = identitiesWanted(
      memberWith({
        "web-http": web,
        "web-admin": web,
        plain: { ...web, deployment: "plain", awsIdentity: undefined },
        theirs: { ...web, deployment: null, awsIdentity: "theirs", selector: {} },
        "theirs-admin": { ...web, deployment: null, awsIdentity: "theirs", selector: {} },
      }),
    );
    assert.deepEqual(
      wanted.map(({ deployment, account }) => [deployment, account]),
      [
        ["web", "web"],
        [null, "theirs"],
      ],
    );
  });

  it("are enough when they are there, or come by a rolling update that is under way", async () => {
    const at = run(() => good);
    await at.result;
    const later = run((seconds) => (seconds < 20 ? bad : good));
    await later.result;
    assert.deepEqual([...at.restarts, ...later.restarts], []);
    assert.match(later.told.join("\n"), /^waiting: web-1 of shop\/web on blue got no credentials.*\npassed:/);
  });

  it("are asked for again while the API server does not answer, as long as they would be waited for", async () => {
    const away = (): never => {
      throw new DriverError("EBG-MEMBER-UNREACHABLE", "no answer from dev-blue", "look at it");
    };
    const short = run((seconds) => (seconds < 10 ? away() : good));
    await short.result;
    assert.match(
      short.told.join("\n"),
      /^waiting: whether pods of shop\/web on blue have credentials is not known.*\npassed:/,
    );
    await assert.rejects(
      run(away).result,
      (error: DriverError) => error.code === "EBG-GATE" && /not known: no answer from dev-blue/.test(error.message),
    );
  });

  it("of pods that are not there are nothing that was seen", async () => {
    const { result, told } = run(() => ({ given: [], lacking: [] }));
    await result;
    assert.deepEqual(told, ["passed: no pod of shop/web on blue runs whose credentials could be looked at"]);
  });

  it("come by one restart where pods were made before EKS knew of the association", async () => {
    const { result, restarts, told } = run((_, done) => (done === 0 ? bad : good));
    await result;
    assert.deepEqual(restarts, ["shop/web 7-2"]);
    assert.match(told.join("\n"), /made anew once, because EKS gives credentials only when it admits a pod/);
  });

  it("fail the gate when a restart did not help, with the way out, and no second restart", async () => {
    const { result, restarts } = run(() => bad);
    await assert.rejects(result, { code: "EBG-GATE", remedy: /list-pod-identity-associations.*rollout restart/ });
    assert.equal(restarts.length, 1);
  });

  it("of a workload that others write are waited for, and never brought by a restart of ours", async () => {
    const theirs = { theirs: { ...web, deployment: null, selector: {} } };
    const later = run((seconds) => (seconds < 20 ? bad : good), theirs);
    await later.result;
    const { result, restarts } = run(() => bad, theirs);
    await assert.rejects(result, {
      code: "EBG-GATE",
      message: /web-1 of namespace shop on blue got no credentials .*who deploys these pods makes them anew/,
      remedy: /kubectl -n shop rollout restart deployment\/NAME/,
    });
    assert.deepEqual([...later.restarts, ...restarts], []);
  });

  it("are waited for no longer when somebody stops the command", async () => {
    const { result, restarts } = run(() => bad, { web }, 10);
    await assert.rejects(result, /^Error: stopped$/);
    assert.deepEqual(restarts, []);
  });

  const variable = [{ name: "AWS_CONTAINER_CREDENTIALS_FULL_URI" }];
  const pod = (name: string, containers: object[], more: object = {}) =>
    ({ metadata: { name }, spec: { serviceAccountName: "web", containers, ...more } }) as never;
  it("are those of every container of live pods of the account", () =>
    assert.deepEqual(
      identitiesOf(
        [
          pod("all", [{ env: variable }, { env: variable }]),
          pod("half", [{ env: variable }, {}]),
          pod("none", [{ env: [{ name: "A" }] }]),
          pod("other", [{}], { serviceAccountName: "default" }),
          { metadata: { name: "going", deletionTimestamp: "2026" }, spec: { serviceAccountName: "web" } },
          { metadata: { name: "over" }, spec: { serviceAccountName: "web" }, status: { phase: "Failed" } },
        ],
        "web",
      ),
      { given: ["all"], lacking: ["half", "none"] },
    ));
});
