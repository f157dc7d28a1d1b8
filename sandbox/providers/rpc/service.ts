/** Serves a stand-in as the engine's ResourceProvider gRPC service. */
import * as grpc from "@grpc/grpc-js";
import { PartialFailure, type StandIn, type Target } from "../stand-in";
import { equal, hasUnknown, plain, type Check, type Diff, type Props } from "./values";

const protos = require("@pulumi/pulumi/proto/provider_pb.js");
const services = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const pluginProto = require("@pulumi/pulumi/proto/plugin_pb.js");
const statusProto = require("@pulumi/pulumi/proto/status_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
const { Any } = require("google-protobuf/google/protobuf/any_pb.js");

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- generated protobuf code has no usable types
type Message = any;
type Call = { request: Message; on?: (event: "cancelled", listener: () => void) => void };
type Handler = (request: Message, signal: AbortSignal) => Promise<unknown>;
/** Handlers that the component provider implements with the SDK's own server; raw gRPC functions. */
export interface RawHandlers {
  readonly construct?: (call: Message, callback: Message) => void;
  readonly attached?: (address: string) => void;
}

/** Properties as the wire has them: a Struct has no `undefined`. */
const toStruct = (properties: Props): unknown => Struct.fromJavaScript(plain(properties));

const maxMessageBytes = 400 * 1024 * 1024;

export class ProviderServer {
  private readonly server = new grpc.Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
  });
  private readonly cancelled = new AbortController();

  constructor(
    private readonly standIn: StandIn,
    private readonly raw: RawHandlers = {},
  ) {
    this.server.addService(services.ResourceProviderService, this.implementation());
  }

  /** Resolves with the port on 127.0.0.1. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  close(): void {
    this.cancelled.abort();
    this.server.forceShutdown();
  }

  private implementation(): grpc.UntypedServiceImplementation {
    const { standIn, raw } = this;
    const handlers: Record<string, Handler> = {
      getPluginInfo: async () => {
        const info = new pluginProto.PluginInfo();
        info.setVersion(standIn.version);
        return info;
      },
      getSchema: async () => {
        const answer = new protos.GetSchemaResponse();
        answer.setSchema(JSON.stringify({ name: standIn.name, version: standIn.version }));
        return answer;
      },
      attach: async (request) => {
        raw.attached?.(request.getAddress());
        return new Empty();
      },
      cancel: async () => {
        this.cancelled.abort();
        return new Empty();
      },
      checkConfig: async (request) => checkAnswer({ inputs: struct(request.getNews()), failures: [] }),
      diffConfig: async (request) => configDiffAnswer(standIn, request),
      configure: async (request) => this.configure(request),
      check: async (request) =>
        checkAnswer(
          await standIn.check({
            ...target(request),
            olds: struct(request.getOlds()),
            news: struct(request.getNews()),
            seed: Buffer.from(request.getRandomseed_asU8()),
          }),
        ),
      diff: async (request) => diffAnswer(await standIn.diff(change(request))),
      create: (request, signal) => this.create(request, signal),
      read: (request) => this.read(request),
      update: async (request, signal) => {
        const outputs = await standIn.update(
          { ...change(request), preview: request.getPreview() },
          { signal, timeoutSeconds: request.getTimeout() },
        );
        const answer = new protos.UpdateResponse();
        answer.setProperties(toStruct(outputs));
        return answer;
      },
      delete: async (request, signal) => {
        await standIn.delete(
          {
            ...target(request),
            id: request.getId(),
            oldInputs: struct(request.getOldInputs()),
            outputs: struct(request.getProperties()),
          },
          { signal, timeoutSeconds: request.getTimeout() },
        );
        return new Empty();
      },
      invoke: async (request) => {
        const answer = new protos.InvokeResponse();
        answer.setReturn(toStruct(await standIn.invoke(request.getTok(), struct(request.getArgs()))));
        return answer;
      },
    };
    const implementation: Record<string, Message> = {};
    for (const [name, handler] of Object.entries(handlers))
      implementation[name] = (call: Call, callback: Message) => void this.answer(name, handler, call, callback);
    if (raw.construct !== undefined) implementation["construct"] = raw.construct;
    return implementation;
  }

  private async answer(
    method: string,
    handler: Handler,
    call: Call,
    callback: (error: unknown, value?: unknown) => void,
  ): Promise<void> {
    const one = new AbortController();
    call.on?.("cancelled", () => one.abort());
    try {
      callback(null, await handler(call.request, AbortSignal.any([one.signal, this.cancelled.signal])));
    } catch (error) {
      callback(grpcError(method, call.request, error));
    }
  }

  private async configure(request: Message): Promise<unknown> {
    await this.standIn.configure(struct(request.getArgs()));
    const answer = new protos.ConfigureResponse();
    // Secrets are not accepted: the engine strips them and marks the outputs of the same names secret again.
    answer.setSupportspreview(true);
    if (this.raw.construct !== undefined) {
      // Components pass what they get on to their children: the SDK's server understands all of it.
      answer.setAcceptsecrets(true);
      answer.setAcceptresources(true);
      answer.setAcceptoutputs(true);
    }
    return answer;
  }

  private async create(request: Message, signal: AbortSignal): Promise<unknown> {
    const created = await this.standIn.create(
      { ...target(request), inputs: struct(request.getProperties()), preview: request.getPreview() },
      { signal, timeoutSeconds: request.getTimeout() },
    );
    const answer = new protos.CreateResponse();
    answer.setId(created.id);
    answer.setProperties(toStruct(created.outputs));
    return answer;
  }

  private async read(request: Message): Promise<unknown> {
    const found = await this.standIn.read({
      ...target(request),
      id: request.getId(),
      inputs: struct(request.getInputs()),
      outputs: struct(request.getProperties()),
    });
    const answer = new protos.ReadResponse();
    if (found === null) return answer;
    answer.setId(found.id ?? request.getId());
    answer.setProperties(toStruct(found.outputs));
    answer.setInputs(toStruct(found.inputs));
    return answer;
  }
}

function struct(message: Message): Props {
  return message === undefined || message === null ? {} : plain(message.toJavaScript());
}

function target(request: Message): Target {
  const urn: string = request.getUrn();
  const parts = urn.split("::");
  // The type part of a URN holds the parents' types too, joined by `$`.
  const type: string = request.getType() || (parts[2] ?? "").split("$").pop() || "";
  return { urn, type, name: request.getName() || parts.slice(3).join("::") };
}

function change(request: Message) {
  return {
    ...target(request),
    id: request.getId() as string,
    oldInputs: struct(request.getOldInputs()),
    oldOutputs: struct(request.getOlds()),
    news: struct(request.getNews()),
  };
}

function checkAnswer(check: Check): unknown {
  const answer = new protos.CheckResponse();
  answer.setInputs(toStruct(check.inputs));
  answer.setFailuresList(
    check.failures.map((failure) => {
      const message = new protos.CheckFailure();
      message.setProperty(failure.property);
      message.setReason(failure.reason);
      return message;
    }),
  );
  return answer;
}

const kinds = {
  add: ["ADD", "ADD_REPLACE"],
  update: ["UPDATE", "UPDATE_REPLACE"],
  delete: ["DELETE", "DELETE_REPLACE"],
} as const;

function diffAnswer(diff: Diff): unknown {
  const answer = new protos.DiffResponse();
  answer.setChanges(
    diff.changes.length > 0 ? protos.DiffResponse.DiffChanges.DIFF_SOME : protos.DiffResponse.DiffChanges.DIFF_NONE,
  );
  answer.setHasdetaileddiff(true);
  answer.setDeletebeforereplace(diff.deleteBeforeReplace);
  const top = (path: string) => path.split(/[.[]/)[0] ?? path;
  answer.setDiffsList([...new Set(diff.changes.map((one) => top(one.path)))]);
  answer.setReplacesList([...new Set(diff.changes.filter((one) => one.replaces).map((one) => top(one.path)))]);
  for (const one of diff.changes) {
    const detail = new protos.PropertyDiff();
    detail.setKind(protos.PropertyDiff.Kind[kinds[one.kind][one.replaces ? 1 : 0]]);
    detail.setInputdiff(true);
    answer.getDetaileddiffMap().set(one.path, detail);
  }
  return answer;
}

function configDiffAnswer(standIn: StandIn, request: Message): unknown {
  const olds = request.getOldInputs() === undefined ? struct(request.getOlds()) : struct(request.getOldInputs());
  const news = struct(request.getNews());
  const answer = new protos.DiffResponse();
  const same = equal(olds, news) && !hasUnknown(news);
  answer.setChanges(same ? protos.DiffResponse.DiffChanges.DIFF_NONE : protos.DiffResponse.DiffChanges.DIFF_SOME);
  if (!same)
    answer.setDiffsList(
      [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
        (key) => !equal(olds[key], news[key]) || hasUnknown(news[key]),
      ),
    );
  answer.setReplacesList([...standIn.configReplaces(olds, news)]);
  return answer;
}

/** Every message names the resource: the engine prints it beside others of the same update. */
function grpcError(method: string, request: Message, error: unknown): grpc.ServiceError {
  const message = error instanceof Error ? error.message : String(error);
  const about = typeof request.getUrn === "function" ? ` ${target(request).name} (${target(request).type})` : "";
  const details = process.env["EBG_PROVIDER_TRACE"] && error instanceof Error ? `${message}\n${error.stack}` : message;
  const status = new statusProto.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(`${method}${about}: ${details}`);
  const metadata = new grpc.Metadata();
  if (error instanceof PartialFailure) {
    const failed = new protos.ErrorResourceInitFailed();
    failed.setId(error.id);
    failed.setProperties(toStruct(error.outputs));
    failed.setReasonsList([...error.reasons]);
    const any = new Any();
    any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    status.addDetails(any);
    metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return Object.assign(new Error(message), {
    code: grpc.status.UNKNOWN,
    details: status.getMessage() as string,
    metadata,
  });
}
