#!/usr/bin/env node
/**
 * A provider for tests with the real engine: it keeps nothing outside the state, and its Check fills up and rewrites
 * inputs as the official kubernetes provider's does. Plain JavaScript: the engine starts it by itself.
 */
const { appendFileSync, existsSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const pulumi = require("@pulumi/pulumi/provider");

// An engine that is killed takes nobody with it.
const engine = process.ppid;
setInterval(() => process.ppid !== engine && process.exit(), 500).unref();

const log = (line) => process.env.PROVIDER_LOG && appendFileSync(process.env.PROVIDER_LOG, `${line}\n`);

/** What the official provider's Check makes of a Release: every field of its struct, and nothing else. */
function release(inputs) {
  const filled = {
    allowNullValues: false,
    atomic: false,
    cleanupOnFail: false,
    createNamespace: false,
    dependencyUpdate: false,
    description: "",
    devel: false,
    lint: false,
    maxHistory: null,
    timeout: 300,
    waitForJobs: false,
    ...inputs,
    repositoryOpts: {
      caFile: "",
      certFile: "",
      keyFile: "",
      password: "",
      username: "",
      repo: "",
      ...inputs.repositoryOpts,
    },
  };
  delete filled.compat;
  return filled;
}
/** Empty values are not kept. */
const normalised = (value) => {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== "" && inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, normalised(inner)]));
};

const provider = {
  version: "4.34.2",
  check: async (urn, _olds, news) => {
    log(`check ${urn}`);
    if (urn.includes("helm.sh/v3:Release")) return { inputs: release(news) };
    return { inputs: urn.includes("fake:") ? news : { ...normalised(news), apiVersion: "v1", kind: "Thing" } };
  },
  diff: async (_id, _urn, olds, news) => {
    const changed = Object.keys(news).filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
    return { changes: changed.length > 0, replaces: [], deleteBeforeReplace: false };
  },
  create: async (urn, inputs) => {
    log(`create ${urn}`);
    // A creation that goes on for as long as the test wants it to.
    while (inputs.until !== undefined && !existsSync(inputs.until)) await sleep(50);
    return { id: `id-${urn.split("::").at(-1)}`, outs: { ...inputs, kubeconfig: "{}" } };
  },
  update: async (_id, _urn, _olds, news) => ({ outs: { ...news, kubeconfig: "{}" } }),
  read: async (id, urn, props) => {
    log(`read ${urn} ${id}`);
    return { id, props: { ...props, kubeconfig: "{}" } };
  },
  delete: async (_id, urn) => log(`delete ${urn}`),
};

pulumi.main(provider, process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
