import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { forgetDeadEngines, type SdkSettings } from "../../../../sandbox/providers/eks/provider";

const method = "/engine/answer";
const plain = (value: Buffer): Buffer => value;

function ask(client: grpc.Client): Promise<string> {
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(method, plain, plain, Buffer.from(""), (error, answer) =>
      error === null ? resolve(String(answer)) : reject(error),
    ),
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function engineOn(port: number): Promise<grpc.Server> {
  const server = new grpc.Server();
  server.addService(
    {
      answer: {
        path: method,
        requestStream: false,
        responseStream: false,
        requestSerialize: plain,
        requestDeserialize: plain,
        responseSerialize: plain,
        responseDeserialize: plain,
      },
    },
    {
      answer: (_call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) =>
        callback(null, Buffer.from("here")),
    },
  );
  await new Promise<void>((bound, failed) =>
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? bound() : failed(error),
    ),
  );
  return server;
}

describe("the eks stand-in's clients of engines", () => {
  it("an engine on the port of one that is gone is reached at once", async () => {
    const settings = require("@pulumi/pulumi/runtime/settings.js") as SdkSettings;
    forgetDeadEngines(settings);
    const options = settings.grpcClientOptions ?? settings.grpcChannelOptions;
    // Somebody else may take the port meanwhile.
    for (let attempt = 1; ; attempt += 1)
      try {
        return await reachedAtOnce(await freePort(), options as grpc.ClientOptions);
      } catch (error) {
        if (attempt === 3 || !/EADDRINUSE|No address added/.test(String(error))) throw error;
      }
  });

  async function reachedAtOnce(port: number, options: grpc.ClientOptions): Promise<void> {
    const client = (): grpc.Client =>
      new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
        ...options,
        "grpc.enable_http_proxy": 0,
      });
    const before = client();
    await assert.rejects(ask(before), { code: grpc.status.UNAVAILABLE });
    const engine = await engineOn(port);
    const after = client();
    assert.equal(await ask(after), "here");
    before.close();
    after.close();
    engine.forceShutdown();
  }
});
