/** kubectl in a sandbox's cluster, for tests: what it prints. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

export type Kubectl = (...args: string[]) => string;
export const kubectlOf =
  (kubeconfig: string, env: NodeJS.ProcessEnv): Kubectl =>
  (...args) => {
    const run = spawnSync("kubectl", ["--kubeconfig", kubeconfig, ...args], { env, encoding: "utf8", timeout: 20_000 });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  };
