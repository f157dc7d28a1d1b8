/** Pulumi's own kubernetes plugin, as a sandbox runs it; its functions are asked without an engine or a cluster. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { Cache, defaultCacheDir } from "../../../../sandbox/tools/cache";
import { catalog } from "../../../../sandbox/tools/catalog";

const protos = require("@pulumi/pulumi/proto/provider_pb.js");
const services = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- generated protobuf code has no usable types
type Message = any;

/** As the product's own provider has it: a cluster that there is not. */
const kubeconfig = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
  "current-context": "none",
  users: [{ name: "none", user: {} }],
});

export class RealPlugin {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: Message,
  ) {}

  /** null: it has not been built here. */
  static async start(): Promise<RealPlugin | null> {
    const tool = catalog.find(({ name }) => name === "pulumi-resource-kubernetes");
    const cache = new Cache(defaultCacheDir());
    if (tool === undefined || !cache.has(tool.name, tool.version)) return null;
    const child = spawn(join(cache.folder(tool.name, tool.version), tool.name), ["127.0.0.1:1"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const address = `127.0.0.1:${String(port).trim()}`;
    const client: Message = new services.ResourceProviderClient(address, grpc.credentials.createInsecure());
    const plugin = new RealPlugin(child, client);
    const request = new protos.ConfigureRequest();
    request.setArgs(Struct.fromJavaScript({ kubeconfig }));
    await plugin.call("configure", request);
    return plugin;
  }

  private call(method: string, request: Message): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.client[method](request, (error: grpc.ServiceError | null, answer: Message) =>
        error === null ? resolve(answer) : reject(new Error(error.details)),
      );
    });
  }

  /** As the engine asks for a program. */
  async ask(token: string, args: Record<string, string>): Promise<readonly unknown[]> {
    const request = new protos.InvokeRequest();
    request.setTok(token);
    request.setArgs(Struct.fromJavaScript(args));
    const answer = await this.call("invoke", request);
    return (answer.getReturn().toJavaScript() as { result?: unknown[] }).result ?? [];
  }

  async close(): Promise<void> {
    this.client.close();
    const ended = once(this.child, "exit");
    this.child.kill();
    await ended;
  }
}
