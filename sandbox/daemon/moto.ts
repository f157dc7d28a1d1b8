/**
 * moto, which answers for EC2, IAM, STS and the rest; the AWS front stands before it. moto asks nobody for a signature, so
 * it listens on a socket in the sandbox's folder, where nobody but its user gets to.
 */
import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { ToolPaths } from "../contract";
import { logHint, waitUntil } from "../processes/readiness";
import { SandboxError } from "../shared/errors";
import type { Child, Supervisor } from "../processes/supervisor";

/** True when moto answers on its socket. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: "/moto-api/config", timeout: 2_000, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve((response.statusCode ?? 500) < 300));
      response.once("error", () => resolve(false));
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(false));
    call.end();
  });
}

/** Starts it and gives its address. Its state is in memory: if it ends, the sandbox can't go on, and `onLost` is told. */
export async function startMoto(
  dir: string,
  tools: ToolPaths,
  supervisor: Supervisor,
  env: Readonly<Record<string, string>>,
  onLost: (how: string) => void,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = join(dir, "moto.sock");
    rmSync(socket, { force: true });
    let started = false;
    const child: Child = supervisor.start({
      name: "moto",
      command: tools.motoServer,
      args: ["-H", `unix://${socket}`, "-p", "0"],
      // moto itself calls no AWS; if some path of it did, these keys open nothing.
      // Without the managed policies (AmazonEKSClusterPolicy …) attaching one to a role fails.
      env: {
        ...env,
        MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
        PYTHONUNBUFFERED: "1",
        AWS_ACCESS_KEY_ID: "sandbox",
        AWS_SECRET_ACCESS_KEY: "sandbox",
        AWS_EC2_METADATA_DISABLED: "true",
      },
      onUnexpectedExit: (how) => {
        if (started) onLost(how);
      },
    });
    try {
      await waitUntil(
        async () => {
          if (child.ended !== null)
            throw new SandboxError("SBX-MOTO", `moto ended with ${child.ended}`, logHint(child.logFile));
          return answers(socket);
        },
        { timeoutMs: 60_000, what: "moto to answer", log: child.logFile },
      );
      started = true;
      return `unix:${socket}`;
    } catch (error) {
      await child.stop(0);
      if (attempt >= 3) throw error;
    }
  }
}
