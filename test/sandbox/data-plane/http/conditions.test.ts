import assert from "node:assert/strict";
import type { DataPlaneAction, DataPlaneCondition } from "../../../../sandbox/contract";
import { actionFor, holds, redirectLocation, type RequestFacts } from "../../../../sandbox/data-plane/http/conditions";

const request: RequestFacts = {
  method: "GET",
  host: "Shop.example.com",
  path: "/Img/logo.png",
  query: "version=v2&lang=de",
  headers: { "x-canary": "Green-7", "user-agent": "curl/8" },
  sourceAddress: "127.0.4.9",
};
const values = (
  field: "host-header" | "path-pattern" | "http-request-method" | "source-ip",
  list: string[],
  regexValues: string[] = [],
): DataPlaneCondition => ({ field, values: list, regexValues });
const header = (name: string, list: string[], regexValues: string[] = []): DataPlaneCondition => ({
  field: "http-header",
  name,
  values: list,
  regexValues,
});
const query = (...pairs: { key: string | null; value: string }[]): DataPlaneCondition => ({
  field: "query-string",
  pairs,
});

const cases: readonly [string, DataPlaneCondition, boolean][] = [
  ["a host, whatever its case", values("host-header", ["shop.EXAMPLE.com"]), true],
  ["a host with a star", values("host-header", ["*.example.com"]), true],
  ["a host that is only part of it", values("host-header", ["example.com"]), false],
  ["a dot that is no wildcard", values("host-header", ["shopXexample.com"]), false],
  ["a host by pattern", values("host-header", [], ["^(shop|www)\\.example\\.com$"]), true],
  ["a path with a star", values("path-pattern", ["/Img/*"]), true],
  ["a path in another case", values("path-pattern", ["/img/*"]), false],
  ["a path with a question mark", values("path-pattern", ["/Img/log?.png"]), true],
  ["a question mark is exactly one character", values("path-pattern", ["/Img/logo?.png"]), false],
  ["one of several values", values("path-pattern", ["/a", "/Img/*"]), true],
  ["a method", values("http-request-method", ["GET", "HEAD"]), true],
  ["another method", values("http-request-method", ["POST"]), false],
  ["a source within a network", values("source-ip", ["10.0.0.0/8", "127.0.4.0/24"]), true],
  ["a source outside of it", values("source-ip", ["127.0.5.0/24"]), false],
  ["a header, whatever its case", header("X-Canary", ["green-*"]), true],
  ["a header that is not there", header("X-Other", ["*"]), false],
  ["a header by pattern", header("x-canary", [], ["-[0-9]$"]), true],
  ["a key and a value of the query", query({ key: "version", value: "v?" }), true],
  ["a value of any key", query({ key: null, value: "de" }), true],
  ["a value of another key", query({ key: "lang", value: "v2" }), false],
];

describe("conditions of an ALB's rules", () => {
  for (const [name, condition, expected] of cases)
    it(`${name}: ${expected ? "holds" : "does not hold"}`, () => assert.equal(holds(condition, request), expected));

  it("all of a rule must hold, and the first rule that fits decides", () => {
    const action = (body: string): DataPlaneAction => ({
      type: "fixed-response",
      status: 200,
      contentType: "text/plain",
      body,
    });
    const routing = {
      action: action("default"),
      rules: [
        {
          arn: "a",
          conditions: [values("path-pattern", ["/Img/*"]), values("host-header", ["other.example"])],
          action: action("a"),
        },
        { arn: "b", conditions: [values("path-pattern", ["/Img/*"])], action: action("b") },
        { arn: "c", conditions: [values("path-pattern", ["*"])], action: action("c") },
      ],
    };
    const of = (path: string): unknown => (actionFor(routing, { ...request, path }) as { body: string }).body;
    assert.equal(of("/Img/x"), "b");
    assert.equal(of("/other"), "c");
    assert.equal(
      (actionFor({ ...routing, rules: [] }, request) as { body: string }).body,
      "default",
      "without a rule the listener's own action",
    );
  });

  it("a redirect fills in what it was asked for", () => {
    const redirect = {
      type: "redirect",
      protocol: "HTTPS",
      host: "#{host}",
      port: "443",
      path: "/#{path}",
      query: "#{query}",
      status: 301,
    } as const;
    const listener = { protocol: "HTTP", port: 80 };
    assert.equal(
      redirectLocation(redirect, request, listener),
      "https://Shop.example.com:443/Img/logo.png?version=v2&lang=de",
    );
    assert.equal(
      redirectLocation(
        { ...redirect, protocol: "#{protocol}", port: "#{port}", path: "/v2/#{path}" },
        { ...request, query: "" },
        listener,
      ),
      "http://Shop.example.com:80/v2/Img/logo.png",
    );
  });
});
