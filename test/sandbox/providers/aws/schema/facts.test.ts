/** The tables of schema facts are whole: each type that anybody declares, each input that a program may set. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { awsResources } from "../../../../../sandbox/providers/aws/provider";
import type { Attribute } from "../../../../../sandbox/providers/aws/schema/facts";
import { facts, factsOf } from "../../../../../sandbox/providers/aws/schema/index";
import { inputsBelow, inputsOf } from "./typings";

const root = join(__dirname, "../../../../..");

/** `aws.lb.LoadBalancer` in our sources, as `aws:lb/loadBalancer:LoadBalancer`. */
function declaredIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...readFileSync(join(root, folder, name), "utf8").matchAll(/new aws\.(\w+)\.([A-Z]\w*)\(/g)])
    .map(([, module, type]) => `aws:${module}/${type![0]!.toLowerCase()}${type!.slice(1)}:${type}`);
}

/** What the stand-in does not act on and no program of ours has: it is judged as a whole. */
const unjudgedBelow = new Set([
  "aws:lb/listener:Listener defaultActions.authenticateCognito",
  "aws:lb/listener:Listener defaultActions.authenticateOidc",
  "aws:lb/listener:Listener defaultActions.jwtValidation",
  "aws:lb/listenerRule:ListenerRule actions.authenticateCognito",
  "aws:lb/listenerRule:ListenerRule actions.authenticateOidc",
  "aws:lb/listenerRule:ListenerRule actions.jwtValidation",
  "aws:lb/listenerRule:ListenerRule transforms.hostHeaderRewriteConfig",
  "aws:lb/listenerRule:ListenerRule transforms.urlRewriteConfig",
  "aws:eks/cluster:Cluster kubeApiServerConfig",
  "aws:eks/cluster:Cluster kubeControllerManagerConfig",
  "aws:eks/cluster:Cluster kubeSchedulerConfig",
  "aws:eks/nodeGroup:NodeGroup warmPoolConfig",
]);
/** No component declares a template; what is below these is not modelled. */
const isUnjudged = (path: string): boolean =>
  unjudgedBelow.has(path) || /^aws:ec2\/launchTemplate:LaunchTemplate (?!blockDevice|metadata|tagSpec)/.test(path);

/** Inputs below `path` that the table does not have, and rows that the typings do not have. */
function differences(
  inputs: ReadonlyMap<string, string | null>,
  rows: Readonly<Record<string, Attribute>>,
  path: string,
): string[] {
  const separator = path.includes(" ") ? "." : " ";
  return [
    ...Object.keys(rows)
      .filter((name) => !inputs.has(name) && rows[name]!.presence !== "read-only")
      .map((name) => `${path}${separator}${name}: only in the table`),
    ...[...inputs].flatMap(([name, below]) => {
      const at = `${path}${separator}${name}`;
      const row = rows[name];
      if (row === undefined) return [`${at}: only in the typings`];
      return below === null || row.shape === "policy" || isUnjudged(at)
        ? []
        : differences(inputsBelow(below), row.below ?? {}, at);
    }),
  ];
}

describe("the aws provider's schema facts", () => {
  it("have a row for each type that components, stacks or the stand-in declare", () => {
    const declared = [...declaredIn("components"), ...declaredIn("stacks")];
    assert.ok(declared.length > 25, "the search finds them");
    const all = new Set([...declared, ...awsResources.map((one) => one.token)]);
    assert.deepEqual([...all].filter((type) => facts[type] === undefined).sort(), []);
    assert.throws(() => factsOf("aws:s3/bucket:Bucket"), /no row for aws:s3\/bucket:Bucket/);
  });

  for (const type of Object.keys(facts))
    it(`have all inputs of ${type}, and no other`, () => {
      const inputs = inputsOf(type);
      assert.ok(inputs.size > 0, "the typings are read");
      assert.deepEqual(differences(inputs, facts[type]!.attributes, type), []);
    });

  it("agree with what the stand-in fills in itself", () => {
    for (const { token, defaults = {} } of awsResources)
      for (const [name, value] of Object.entries(defaults))
        assert.deepEqual(facts[token]!.attributes[name]?.default ?? value, value, `${token} ${name}`);
  });

  it("name a file of the provider and what was read of it", () => {
    for (const [type, { source, read }] of Object.entries(facts)) {
      assert.match(source, /^internal\/service\/\w+\/\w+\.go$/, type);
      assert.match(read ?? "", /^([0-9a-f]{40}|[\d,]+ characters, provider 6)?$/, type);
    }
  });
});
