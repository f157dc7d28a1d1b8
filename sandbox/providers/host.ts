/**
 * The provider host: one process that serves all plugin processes of the sandbox, so that the SDKs are loaded once.
 * Each launcher that
 * connects gets a gRPC server with a provider instance of its own, configured by the engine as if it were a process.
 * Environment: PROVIDER_HOST_SOCKET, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
 * EKS_BLUE_GREEN_TIME_SCALE; NOT_PLAYED_FILE (see aws/recorded/not-played.ts).
 */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { AwsStandIn } from "./aws/provider";
import { componentHandlers, EksStandIn } from "./eks/provider";
import type { ProviderName } from "./launchers";
import { ProviderServer } from "./rpc/service";

interface PluginRequest {
  readonly name: ProviderName;
  readonly engineAddress: string;
  /** The engine's AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, those that it has. */
  readonly credentials?: Readonly<Record<string, string>>;
}
type Environment = Readonly<Record<string, string | undefined>>;

function providerServer(name: ProviderName, engineAddress: string, env: Environment): ProviderServer {
  switch (name) {
    case "aws":
      return new ProviderServer(new AwsStandIn(env));
    case "eks":
      return new ProviderServer(new EksStandIn(), componentHandlers(engineAddress));
    default: {
      const never: never = name;
      throw new Error(`no stand-in for provider ${String(never)}`);
    }
  }
}

async function serve(socket: Socket, line: string, env: Environment): Promise<void> {
  try {
    const request = JSON.parse(line) as PluginRequest;
    // As with a plugin of its own process: whoever runs the engine calls AWS.
    const server = providerServer(request.name, request.engineAddress, { ...env, ...request.credentials });
    // The launcher's end is the plugin's end.
    socket.once("close", () => server.close());
    socket.write(`${JSON.stringify({ port: await server.listen() })}\n`);
    if (socket.destroyed) server.close();
  } catch (error) {
    socket.end(`${JSON.stringify({ error: (error as Error).message })}\n`);
  }
}

/** Listens on the Unix socket; resolves when launchers can connect. */
export function startProviderHost(socketPath: string, env: Environment): Promise<Server> {
  rmSync(socketPath, { force: true });
  const server = createServer((socket) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", function read(chunk: string) {
      text += chunk;
      if (!text.includes("\n")) return;
      socket.off("data", read);
      socket.resume();
      void serve(socket, text.slice(0, text.indexOf("\n")), env);
    });
  });
  return new Promise((resolve, reject) => server.once("error", reject).listen(socketPath, () => resolve(server)));
}

async function main(): Promise<void> {
  const socketPath = process.env["PROVIDER_HOST_SOCKET"];
  if (socketPath === undefined) throw new Error("PROVIDER_HOST_SOCKET is not set");
  await startProviderHost(socketPath, process.env);
  process.send?.({ type: "ready" });
  // Nothing here may outlive the daemon.
  process.on("disconnect", () => process.exit(0));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`provider host: ${error.message}\n`);
    process.exit(1);
  });
}
