import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { ConfigError, parseEnvironmentConfig } from "../../../stacks/config";
import { configSchema } from "../../../stacks/config/schema";

const root = resolve(__dirname, "../../..");
const validate = new Ajv().compile(configSchema());
const problemsOf = (file: unknown): string[] => {
  void validate(file);
  return (validate.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message}`);
};
const files = [
  ...readdirSync(root)
    .filter((name) => /^Pulumi\..*\.yaml$/.test(name))
    .map((name) => name),
  ...readdirSync(join(root, "examples")).flatMap((name) => {
    const file = `examples/${name}/Pulumi.dev.yaml`;
    return existsSync(join(root, file)) ? [file] : [];
  }),
];
const read = (file: string): string => readFileSync(join(root, file), "utf8");

const web = { name: "web", image: "echo:1", port: 80, targetPort: 8080 };
const config = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  "aws:region": "us-east-1",
  "eks-blue-green:kubernetesVersion": "1.35",
  "eks-blue-green:members": ["blue", "green"],
  "eks-blue-green:network": { cidrBlock: "10.42.0.0/16", availabilityZones: ["us-east-1a", "us-east-1b"] },
  "eks-blue-green:services": [web],
  ...Object.fromEntries(Object.entries(change).map(([key, value]) => [`eks-blue-green:${key}`, value])),
});

describe("the JSON schema of the config", () => {
  it("takes the files of this repository, and every one of them names it in its first line", () => {
    assert.ok(files.length > 3, files.join());
    for (const file of files) {
      const text = read(file);
      const parsed = parse(text) as { config?: Record<string, unknown> };
      // Not an environment's: the workload that examples/extend takes in.
      if (!Object.keys(parsed.config ?? {}).some((key) => key.startsWith("eks-blue-green:"))) continue;
      assert.deepEqual(problemsOf(parsed), [], file);
      if (!file.startsWith("Pulumi.dev-"))
        assert.match(text, /^# yaml-language-server: \$schema=\S*schema\/config\.schema\.json\n/, file);
    }
  });

  const refused: readonly [string, Record<string, unknown>][] = [
    ["an unknown key at the top", { colour: "blue" }],
    ["an unknown key in a group", { rollout: { bake: 1 } }],
    ["an unknown key of a service", { services: [{ ...web, replica: 3 }] }],
    ["an unknown field of a pod", { services: [{ ...web, podTemplate: { spec: { toleration: [] } } }] }],
    ["a number out of range", { services: [{ ...web, port: 0 }] }],
    ["a value that is not offered", { loadBalancer: { scheme: "private" } }],
    ["a text instead of a number", { rollout: { bakeSeconds: "600" } }],
    ["a list that is too short", { members: ["blue"] }],
    ["a missing required key", { services: [{ name: "web" }] }],
    ["a version without quotes", { kubernetesVersion: 1.35 }],
    ["an id of another kind", { network: { existing: { vpcId: "subnet-1", privateSubnetIds: [] } } }],
  ];
  for (const [name, change] of refused)
    it(`refuses ${name}, as the parser does`, () => {
      assert.deepEqual(problemsOf({ config: config() }), []);
      assert.notDeepEqual(problemsOf({ config: config(change) }), []);
      const values = Object.entries(config(change)).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      if (name === "a version without quotes") return; // Pulumi hands it over as text.
      assert.throws(
        () => parseEnvironmentConfig(Object.fromEntries(values) as Record<string, string>, { environment: "dev" }),
        ConfigError,
      );
    });

  it("leaves other packages' keys alone, and takes the two keys of a member's stack", () => {
    assert.deepEqual(problemsOf({ config: { ...config(), "other:key": { a: 1 } } }), []);
    const member = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
    assert.deepEqual(problemsOf({ config: member }), []);
    assert.notDeepEqual(problemsOf({ config: { "eks-blue-green:member": "blue" } }), []);
  });

  it("has a sentence for each key", () => {
    const missing: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      const { properties, items } = schema as {
        properties?: Record<string, { description?: string }>;
        items?: unknown;
      };
      for (const [name, inner] of Object.entries(properties ?? {})) {
        if (path !== "" && !(inner.description ?? "").endsWith(".")) missing.push(`${path}.${name}`);
        walk(inner, `${path}.${name}`);
      }
      if (items !== undefined) walk(items, `${path}[]`);
    };
    walk((configSchema()["properties"] as Record<string, unknown>)["config"], "config");
    assert.deepEqual(
      missing.filter((path) => !path.startsWith("config.aws:defaultTags.")),
      [],
    );
  });
});
