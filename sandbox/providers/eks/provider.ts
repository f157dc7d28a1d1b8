/**
 * The stand-in for the eks provider: components only, constructed with the SDK inside a store of their own
 * (AsyncLocalStorage), so that several programs don't mix.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import type { RawHandlers } from "../rpc/service";
import type { Check, Diff, Props } from "../rpc/values";
import type { Created, StandIn } from "../stand-in";

export const eksVersion = "4.3.0";
const onlyComponents = "the eks provider has components only";

export class EksStandIn implements StandIn {
  readonly name = "eks";
  readonly version = eksVersion;
  async configure(): Promise<void> {
    /* nothing to set: children use aws's and kubernetes' providers */
  }
  configReplaces(): readonly string[] {
    return [];
  }
  async check(): Promise<Check> {
    throw new Error(onlyComponents);
  }
  async diff(): Promise<Diff> {
    throw new Error(onlyComponents);
  }
  async create(): Promise<Created> {
    throw new Error(onlyComponents);
  }
  async read(): Promise<null> {
    throw new Error(onlyComponents);
  }
  async update(): Promise<Props> {
    throw new Error(onlyComponents);
  }
  async delete(): Promise<void> {
    throw new Error(onlyComponents);
  }
  async invoke(token: string): Promise<Props> {
    throw new Error(
      `the sandbox's stand-in for the eks provider has no function ${token}; use the official plugin with ` +
        "--provider eks=PATH",
    );
  }
}

type Construct = (
  name: string,
  type: string,
  inputs: Inputs,
  options: ComponentResourceOptions,
) => Promise<{ urn: unknown; state: Inputs }>;

interface SdkServer {
  construct(call: unknown, callback: unknown): void;
  engineAddr: string;
}

/** The SDK's own server decodes the request, sets up the store, and encodes the answer. */
export function componentHandlers(engineAddress: string): RawHandlers {
  let server: SdkServer | undefined;
  const open = () => {
    if (server !== undefined) return server;
    // Not among the SDK's documented modules, and loaded only when a program has eks components.
    forgetDeadEngines(require("@pulumi/pulumi/runtime/settings.js") as SdkSettings);
    const { Server } = sdkServer();
    const { constructComponent } = require("./construct") as { constructComponent: Construct };
    server = new Server(engineAddress, { version: eksVersion, construct: constructComponent }, new Set());
    // The server's listeners answer its own calls; without a limit, a host that lives long would be warned about them.
    process.setMaxListeners(0);
    return server;
  };
  return {
    construct: (call, callback) => {
      // The bare error would reach the engine as "Unknown error".
      const answer = (error: Error | null | undefined, value: unknown) =>
        callback(
          error
            ? Object.assign(error, {
                code: (error as { code?: unknown }).code ?? 2,
                details: (error as { details?: string }).details ?? error.message,
              })
            : null,
          value,
        );
      try {
        open().construct(call, answer);
      } catch (error) {
        answer(error as Error, undefined);
      }
    },
    attached: (address) => {
      engineAddress = address;
      if (server !== undefined) server.engineAddr = address;
    },
  };
}

/** What the SDK's clients of an engine are made with; older SDKs have the first only. */
export interface SdkSettings {
  readonly grpcChannelOptions?: Record<string, unknown>;
  readonly grpcClientOptions?: Record<string, unknown>;
}

/**
 * This process outlives the engines that call it. gRPC shares connections by address in a process, also one that
 * failed and waits to try again: a new engine on a killed one's port would get its failure as its own answer.
 */
export function forgetDeadEngines({ grpcChannelOptions, grpcClientOptions }: SdkSettings): void {
  for (const options of [grpcChannelOptions, grpcClientOptions])
    if (options !== undefined) options["grpc.use_local_subchannel_pool"] = 1;
}

/**
 * The SDK keeps its server class to itself (only a `main` that owns the process is exported); its module is loaded a
 * second time with one export more.
 */
function sdkServer(): { Server: new (engineAddress: string, provider: object, errors: Set<unknown>) => SdkServer } {
  const file = require.resolve("@pulumi/pulumi/provider/server.js");
  const NodeModule = require("node:module");
  const loaded = new NodeModule(file, module);
  loaded.filename = file;
  loaded.paths = NodeModule._nodeModulePaths(dirname(file));
  loaded._compile(`${readFileSync(file, "utf8")}\nexports.Server = Server;`, file);
  return loaded.exports;
}
