import assert from "node:assert/strict";
import { parseAb, report } from "../../../sandbox/load/ab";

describe("load: ab", () => {
  it("takes what people type", () => {
    const url = { host: "k8s-default-nginx-1.elb.localhost", port: 80, path: "/" };
    assert.deepEqual(parseAb(["-n", "1000", "-c", "40", `http://${url.host}/`]), {
      requests: 1000,
      concurrency: 40,
      keepAlive: false,
      ...url,
    });
    assert.deepEqual(parseAb(["-k", "-n1000", "-c40", `${url.host}:8443/a?b=c`]), {
      requests: 1000,
      concurrency: 40,
      keepAlive: true,
      host: url.host,
      port: 8443,
      path: "/a?b=c",
    });
  });
  it("refuses what it does not do, in ab's words", () => {
    for (const [args, message] of [
      [["http://x"], /invalid URL/],
      [[], /invalid URL/],
      [["-n", "x", "http://x/"], /Invalid number for -n/],
      [["-c", "2", "http://x/"], /concurrency level greater/],
      [["-t", "5", "http://x/"], /has -n, -c and -k, not -t/],
      [["http://x/", "http://y/"], /wrong number of arguments/],
    ] as const)
      assert.throws(() => parseAb(args), message);
  });
  it("counts what broke apart from what answered badly", () => {
    const asked = { requests: 4, concurrency: 1, keepAlive: false, host: "x", port: 80, path: "/" };
    const text = report(asked, {
      seconds: 2,
      milliseconds: [1, 3],
      failures: [
        { ok: false, kind: "status", message: "status 503", member: null },
        { ok: false, kind: "reset", message: "ECONNRESET", member: null },
      ],
    });
    for (const line of [
      /^Complete requests: +3$/m,
      /^Failed requests: +1$/m,
      /^Non-2xx responses: +1$/m,
      /^Requests per second: +2\.00/m,
      /^ 50% +1$/m,
      /^100% +3$/m,
    ])
      assert.match(text, line);
  });
});
