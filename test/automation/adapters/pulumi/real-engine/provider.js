#!/usr/bin/env node
/**
 * A provider for tests with the real engine: it keeps nothing outside the state, and its Check fills up and rewrites
 * inputs as the official kubernetes provider's does. Plain JavaScript: the engine starts it by itself.
 */
const { appendFileSync, existsSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const { isDeepStrictEqual } = require("node:util");
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

const nameOf = (urn) => urn.split("::").at(-1);
const isOfAws = (urn) => urn.split("::")[2].split("$").at(-1).startsWith("aws:");
/** What only a provider knows. */
const outsOf = (urn, inputs) =>
  isOfAws(urn)
    ? { ...inputs, arn: `arn:${nameOf(urn)}`, allocationId: "eipalloc-1", dnsName: "dev.elb.example", zoneId: "Z1" }
    : { ...inputs, kubeconfig: "{}" };

const provider = {
  version: "4.34.2",
  check: async (urn, _olds, news) => {
    log(`check ${urn}`);
    if (urn.includes("helm.sh/v3:Release")) return { inputs: release(news) };
    return {
      inputs: urn.includes("fake:") || isOfAws(urn) ? news : { ...normalised(news), apiVersion: "v1", kind: "Thing" },
    };
  },
  diff: async (_id, _urn, olds, news) => {
    const changed = Object.keys(news).filter((key) => !isDeepStrictEqual(olds[key], news[key]));
    return { changes: changed.length > 0, replaces: [], deleteBeforeReplace: false };
  },
  create: async (urn, inputs) => {
    log(`create ${urn}`);
    // A creation that goes on for as long as the test wants it to.
    while (inputs.until !== undefined && !existsSync(inputs.until)) await sleep(50);
    return { id: `id-${nameOf(urn)}`, outs: outsOf(urn, inputs) };
  },
  update: async (_id, urn, _olds, news) => {
    log(`update ${urn}`);
    if (existsSync(`${process.env.BENCH}/refuse-${nameOf(urn)}`)) throw new Error(`Throttling: ${nameOf(urn)}`);
    return { outs: outsOf(urn, news) };
  },
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
