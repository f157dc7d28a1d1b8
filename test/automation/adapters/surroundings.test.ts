import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSurroundings } from "../../../automation/adapters/surroundings";
import { surroundingsLines } from "../../../automation/report/surroundings";

const aws = "http://127.0.0.1:4566";
const sandbox = {
  AWS_ENDPOINT_URL: aws,
  EKS_BLUE_GREEN_SANDBOX: "http://127.0.0.1:4567",
  EKS_BLUE_GREEN_TIME_SCALE: "60",
  EKS_BLUE_GREEN_CONNECT_TO: "/s/connect-to",
};
const answers = async (): Promise<object> => ({ dir: "/s", awsEndpoint: aws });
const silent = async (): Promise<object> => {
  throw new Error("connect ECONNREFUSED");
};

describe("the surroundings of the driver", () => {
  it("are a sandbox's when it answers and AWS's endpoint is its own", async () => {
    assert.deepEqual(await readSurroundings(sandbox, answers), {
      timeScale: 60,
      sandbox: { dir: "/s", awsEndpoint: aws },
      connectTo: "/s/connect-to",
    });
  });
  it("are AWS at its own speed when nothing is set", async () => {
    const plain = { timeScale: 1, sandbox: null, connectTo: null };
    assert.deepEqual(await readSurroundings({}, silent), plain);
    assert.deepEqual(await readSurroundings({ EKS_BLUE_GREEN_TIME_SCALE: "1" }, silent), plain);
    // Somebody else's emulator of AWS at its own speed is nothing to refuse.
    assert.deepEqual(await readSurroundings({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, silent), plain);
  });

  const leftovers: readonly (readonly [string, Record<string, string | undefined>, typeof answers, RegExp])[] = [
    ["AWS itself is asked", { AWS_ENDPOINT_URL: undefined }, answers, /calls go to AWS itself/],
    ["the endpoint is elsewhere", { AWS_ENDPOINT_URL: "https://vpce.example" }, answers, /AWS_ENDPOINT_URL is no addr/],
    ["one service's endpoint is elsewhere", { AWS_ENDPOINT_URL_EKS: "https://eks.x" }, answers, /AWS_ENDPOINT_URL_EKS/],
    ["endpoints are ignored", { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, answers, /calls go to AWS itself/],
    ["the sandbox has ended", {}, silent, /no sandbox answers .*ECONNREFUSED/],
    ["the sandbox is not named", { EKS_BLUE_GREEN_SANDBOX: undefined }, answers, /EKS_BLUE_GREEN_SANDBOX is not set/],
    ["another sandbox answers", {}, async () => ({ dir: "/t", awsEndpoint: "http://127.0.0.1:9" }), /another AWS endp/],
    [
      "its name leads elsewhere",
      { EKS_BLUE_GREEN_SANDBOX: "http://10.0.0.1:1" },
      answers,
      /no address of this machine/,
    ],
  ];
  for (const [when, change, ask, why] of leftovers) {
    it(`are refused with a faster clock when ${when}`, async () => {
      await assert.rejects(readSurroundings({ ...sandbox, ...change }, ask), (error: Error & { remedy: string }) => {
        assert.match(error.message, /EKS_BLUE_GREEN_TIME_SCALE is 60.*60 times as short/);
        assert.match(error.message, why);
        assert.match(error.remedy, /^unset EKS_BLUE_GREEN_TIME_SCALE EKS_BLUE_GREEN_CONNECT_TO/);
        return (error as unknown as { code: string }).code === "EBG-CONFIG";
      });
    });
    if (change["EKS_BLUE_GREEN_SANDBOX"] === undefined && "EKS_BLUE_GREEN_SANDBOX" in change) continue;
    it(`are refused with a sandbox's table of addresses when ${when}`, async () => {
      const variables = { ...sandbox, ...change, EKS_BLUE_GREEN_TIME_SCALE: "1" };
      await assert.rejects(readSurroundings(variables, ask), /EKS_BLUE_GREEN_CONNECT_TO sends requests by the table/);
    });
  }
  for (const text of ["0", "-1", "fast", "Infinity"])
    it(`refuse the time scale '${text}'`, () =>
      assert.rejects(readSurroundings({ EKS_BLUE_GREEN_TIME_SCALE: text }, silent), /must be a number above 0/));

  it("know a tunnel by its table, which must be there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ebg-tunnel-"));
    const file = join(folder, "table");
    try {
      await assert.rejects(readSurroundings({ EKS_BLUE_GREEN_CONNECT_TO: file }, silent), /can't be read/);
      writeFileSync(file, "");
      const found = await readSurroundings({ EKS_BLUE_GREEN_CONNECT_TO: file }, silent);
      assert.deepEqual(found, { timeScale: 1, sandbox: null, connectTo: file });
      assert.match(surroundingsLines(found).join("\n"), /requests go by the table .*table/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe("ask the sandbox itself", () => {
    let server: Server;
    let control = "";
    before((done) => {
      server = createServer((_request, answer) => void answer.end(JSON.stringify({ dir: "/s", awsEndpoint: aws })));
      server.listen(0, "127.0.0.1", () => {
        control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        done();
      });
    });
    after((done) => void server.close(done));
    it("at its control endpoint", async () => {
      const found = await readSurroundings({ ...sandbox, EKS_BLUE_GREEN_SANDBOX: control });
      assert.equal(found.timeScale, 60);
      assert.deepEqual(surroundingsLines(found), [`in the sandbox /s (AWS at ${aws}), 60 times as fast as AWS`]);
    });
    it("which must be there", () =>
      assert.rejects(
        readSurroundings({ ...sandbox, EKS_BLUE_GREEN_SANDBOX: "http://127.0.0.1:1" }),
        /no sandbox answ/,
      ));
  });
});
