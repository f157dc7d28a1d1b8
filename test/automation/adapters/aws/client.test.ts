import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { clientSettings } from "../../../../automation/adapters/aws/client";

describe("a call to AWS", () => {
  it("that stays silent is tried again on another connection, within its deadline", async () => {
    const ports: (number | undefined)[] = [];
    const server = createServer((request, response) => {
      ports.push(request.socket.remotePort);
      if (ports.length > 1)
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ cluster: { name: "dev-blue", status: "ACTIVE" } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = new EKSClient({
      ...clientSettings("us-east-1", 300),
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    try {
      const { cluster } = await client.send(new DescribeClusterCommand({ name: "dev-blue" }));
      assert.equal(cluster?.status, "ACTIVE");
      assert.equal(ports.length, 2);
      assert.notEqual(ports[0], ports[1]);
    } finally {
      client.destroy();
      server.closeAllConnections();
      server.close();
    }
  });
});
