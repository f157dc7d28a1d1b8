import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Engine } from "../../../../../automation/adapters/pulumi/engine/engine";
import {
  bindingsBelow,
  forgetComponent,
  subtreeOf,
  withoutResources,
} from "../../../../../automation/adapters/pulumi/state/drop-component";
import type { State, StateResource } from "../../../../../automation/adapters/pulumi/state/export";
import { assertRevision } from "../../../../../automation/adapters/pulumi/state/read";
import { DriverError } from "../../../../../automation/errors";

const token = "eks-blue-green:index:AdoptedLoadBalancer";
const urnOf = (type: string, name: string): string => `urn:pulumi:dev::p::${type}::${name}`;
const stack: StateResource = { urn: urnOf("pulumi:pulumi:Stack", "p-dev"), type: "pulumi:pulumi:Stack" };
const component = (name: string): StateResource => ({ urn: urnOf(token, name), type: token, parent: stack.urn });
const child = (name: string, type: string, parent: StateResource): StateResource => ({
  urn: urnOf(`${parent.type}$${type}`, name),
  type,
  custom: true,
  id: name,
  parent: parent.urn,
});

const web = component("dev-web");
const group = child("dev-web-http", "aws:lb/targetGroup:TargetGroup", web);
/** Below a child, and before its parent in the file: the order of a state's resources must not matter. */
const listener = child("dev-web-http-listener", "aws:lb/listener:Listener", group);
const api = component("dev-api");
const otherGroup = child("dev-api-http", "aws:lb/targetGroup:TargetGroup", api);
const record = {
  ...child("placement", "pulumi:pulumi:StackReference", stack),
  deletedWith: web.urn,
  dependencies: [group.urn, otherGroup.urn],
  propertyDependencies: { name: [listener.urn, otherGroup.urn], version: null, plain: [] },
};
const all = [listener, stack, web, group, api, otherGroup, record];

describe("forgetting a component", () => {
  it("takes the component and all below it, whatever their order, and no other of its type", () => {
    assert.deepEqual([...subtreeOf(all, token, "dev-web")].sort(), [web, group, listener].map(({ urn }) => urn).sort());
    assert.deepEqual([...subtreeOf(all, token, "dev-we")], []);
    assert.deepEqual([...subtreeOf(all, "eks-blue-green:index:MultiClusterService", "dev-web")], []);
    assert.deepEqual([...subtreeOf([], token, "dev-web")], []);
  });

  it("tells which bindings are below it: objects of its own, neither components nor those on their way out", () => {
    const type = "eks-blue-green:index:MultiClusterService";
    const object = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding";
    const service: StateResource = { urn: urnOf(type, "blue-web"), type, parent: stack.urn };
    const wrapper: StateResource = {
      urn: urnOf("eks-blue-green:index:TargetGroupBinding", "blue-web-a"),
      type: "eks-blue-green:index:TargetGroupBinding",
      parent: service.urn,
    };
    const [bound, leaving, others] = [
      { ...child("a", object, wrapper), id: "web/a" },
      { ...child("b", object, wrapper), id: "web/b", delete: true },
      { ...child("c", object, stack), id: "web/c" },
    ];
    assert.deepEqual(bindingsBelow([bound, leaving, others, wrapper, service, stack], type, "blue-web"), ["web/a"]);
    assert.deepEqual(
      bindingsBelow([wrapper, service, stack], type, "blue-web"),
      [],
      "the components alone are an update that failed",
    );
  });

  it("leaves no word of them with who stays, whose other fields are as they were", () => {
    const state = { version: 3, deployment: { manifest: { magic: "m" }, resources: all } } as unknown as State;
    const text = JSON.stringify(state);
    const left = withoutResources(state, subtreeOf(all, token, "dev-web"));
    for (const { urn } of [web, group, listener]) assert.equal(JSON.stringify(left).includes(`"${urn}"`), false, urn);
    const { deletedWith: _gone, ...kept } = record;
    assert.deepEqual(left, {
      version: 3,
      deployment: {
        manifest: { magic: "m" },
        resources: [
          stack,
          api,
          otherGroup,
          {
            ...kept,
            dependencies: [otherGroup.urn],
            propertyDependencies: { name: [otherGroup.urn], version: [], plain: [] },
          },
        ],
      },
    });
    assert.equal(JSON.stringify(state), text, "the state that was read is not changed");
    assert.deepEqual(withoutResources(state, new Set()).deployment?.resources?.at(-1), {
      ...record,
      propertyDependencies: { ...record.propertyDependencies, version: [] },
    });
  });

  /** The CLI's two commands on one stack's file, as `pulumi stack export` and `import` do them. */
  function backend(before: State | null): { readonly engine: Engine; readonly writes: State[] } {
    const writes: State[] = [];
    let state = before;
    const command = (_stack: string, args: readonly string[]): Promise<string> => {
      if (args[1] === "export")
        return state === null
          ? Promise.reject(new DriverError("EBG-UNKNOWN-STACK", "no such stack", ""))
          : Promise.resolve(JSON.stringify(state));
      assert.deepEqual([args[0], args[1], args[2]], ["stack", "import", "--file"]);
      state = JSON.parse(readFileSync(args[3] ?? "", "utf8")) as State;
      writes.push(state);
      return Promise.resolve("");
    };
    const free = async (): Promise<boolean> => false;
    return { engine: { command, commandOnce: command, untilProvenFree: free } as unknown as Engine, writes };
  }

  it("writes the state once, and nothing when there is nothing to forget", async () => {
    const { engine, writes } = backend({ deployment: { resources: all } });
    assert.equal(await forgetComponent(engine, "dev", token, "dev-web"), 3);
    assert.equal(await forgetComponent(engine, "dev", token, "dev-web"), 0);
    assert.deepEqual(
      writes.map((state) => state.deployment?.resources?.map(({ urn }) => urn)),
      [[stack, api, otherGroup, record].map(({ urn }) => urn)],
    );
    const overtaken = backend({
      deployment: { resources: [{ ...stack, outputs: { record: { revision: 8 } } }, web, group] },
    });
    await assert.rejects(
      forgetComponent(overtaken.engine, "dev", token, "dev-web", (state) => assertRevision(state, 7)),
      { code: "EBG-FENCED", message: "somebody else has moved on: the record is at revision 8, this driver knows 7" },
    );
    assert.deepEqual(overtaken.writes, [], "what another driver has imported meanwhile stays");
    assert.equal(
      await forgetComponent(overtaken.engine, "dev", token, "dev-web", (state) => assertRevision(state, 8)),
      2,
    );
    const missing = backend(null);
    assert.equal(await forgetComponent(missing.engine, "dev", token, "dev-web"), 0);
    assert.deepEqual(missing.writes, []);
  });
});
