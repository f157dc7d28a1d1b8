/** moto, which answers for EC2, IAM, STS and the rest; the AWS front stands before it. */
import type { ToolPaths } from "../contract";
import { httpOk, logHint, waitUntil } from "../processes/readiness";
import { SandboxError } from "../shared/errors";
import { freePort } from "../processes/ports";
import type { Child, Supervisor } from "../processes/supervisor";

/** Starts it and gives its URL. Its state is in memory: if it ends, the sandbox can't go on, and `onLost` is told. */
export async function startMoto(
  tools: ToolPaths,
  supervisor: Supervisor,
  env: Readonly<Record<string, string>>,
  onLost: (how: string) => void,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    let started = false;
    const child: Child = supervisor.start({
      name: "moto",
      command: tools.motoServer,
      args: ["-H", "127.0.0.1", "-p", String(port)],
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
          return httpOk(`${url}/moto-api/config`);
        },
        { timeoutMs: 60_000, what: "moto to answer", log: child.logFile },
      );
      started = true;
      return url;
    } catch (error) {
      await child.stop(0);
      if (attempt >= 3) throw error;
    }
  }
}
