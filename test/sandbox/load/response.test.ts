import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, MalformedAnswer, ResponseParser } from "../../../sandbox/load/response";

const pods = "X-Pod: web-1\r\nx-member: blue\r\n";
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;
const chunked =
  `HTTP/1.1 200 OK\r\n${pods}Transfer-Encoding: ` +
  `chunked\r\n\r\n${chunk("hello")}${chunk("0\r\n\r\n")}b;name="value"\r\n${"x".repeat(11)}\r\n0\r\nTrailer: of ` +
  "it\r\n\r\n";
const whole: readonly {
  readonly name: string;
  readonly text: string;
  readonly status: number;
  readonly keepAlive: boolean;
}[] = [
  {
    name: "content-length",
    text: `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${pods}\r\nhello`,
    status: 200,
    keepAlive: true,
  },
  {
    name: "content-length 0",
    text: `HTTP/1.1 200 OK\r\ncontent-length:0\r\n${pods}\r\n`,
    status: 200,
    keepAlive: true,
  },
  {
    name: "Connection: close",
    text: `HTTP/1.1 200 OK\r\n${pods}Connection: Close\r\nContent-Length: 2\r\n\r\nhi`,
    status: 200,
    keepAlive: false,
  },
  {
    name: "chunks, with data that looks like an end, an extension and a trailer",
    text: chunked,
    status: 200,
    keepAlive: true,
  },
  {
    name: "chunks without a trailer",
    text: `HTTP/1.1 200 OK\r\n${pods}transfer-encoding: gzip, chunked\r\n\r\n${chunk("a")}0\r\n\r\n`,
    status: 200,
    keepAlive: true,
  },
  { name: "204 without a length", text: `HTTP/1.1 204 No Content\r\n${pods}\r\n`, status: 204, keepAlive: true },
  {
    name: "304 with the length of what it doesn't send",
    text: `HTTP/1.1 304 Not Modified\r\n${pods}Content-Length: 500\r\n\r\n`,
    status: 304,
    keepAlive: true,
  },
  {
    name: "103 before the answer",
    text: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n${pods}Content-Length: 1\r\n\r\n1`,
    status: 200,
    keepAlive: true,
  },
  { name: "HTTP/1.0", text: `HTTP/1.0 200 OK\r\n${pods}Content-Length: 1\r\n\r\n1`, status: 200, keepAlive: false },
  {
    name: "500",
    text: `HTTP/1.1 500 Internal Server Error\r\n${pods}Content-Length: 3\r\n\r\nno!`,
    status: 500,
    keepAlive: true,
  },
];

/** The answers that come out when `text` comes in the given pieces, and after how many bytes each was complete. */
function feed(parser: ResponseParser, pieces: readonly string[]): { answers: Answer[]; at: number[] } {
  const answers: Answer[] = [];
  const at: number[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    bytes += piece.length;
    const answer = parser.push(piece);
    if (answer) {
      answers.push(answer);
      at.push(bytes);
    }
  }
  return { answers, at };
}

describe("load: answers", () => {
  for (const { name, text, status, keepAlive } of whole) {
    it(`${name}: complete at its last byte, not before`, () => {
      const parser = new ResponseParser();
      const { answers, at } = feed(parser, [...text]);
      assert.deepEqual(answers, [{ status, keepAlive, pod: "web-1", member: "blue" }]);
      assert.deepEqual(at, [text.length]);
      assert.equal(parser.surplus, false);
      assert.equal(new ResponseParser().push(text)?.status, status);
    });
  }

  it("does not depend on how the bytes are cut, answer after answer on one connection", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...whole), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (list, cuts) => {
          const parser = new ResponseParser();
          const got: number[] = [];
          for (const { text } of list) {
            for (let i = 0, n = 0; i < text.length; n++) {
              const size = cuts[n % cuts.length]!;
              const answer = parser.push(text.slice(i, i + size));
              i += size;
              if (answer) got.push(answer.status);
            }
          }
          assert.deepEqual(
            got,
            list.map((one) => one.status),
          );
        },
      ),
    );
  });

  it("without any length the body goes up to the end, and the connection with it", () => {
    const parser = new ResponseParser();
    assert.equal(parser.push(`HTTP/1.1 200 OK\r\n${pods}\r\nwhatever`), null);
    assert.equal(parser.push("\r\n\r\nmore"), null);
    assert.deepEqual(parser.end(), { status: 200, keepAlive: false, pod: "web-1", member: "blue" });
  });

  it("an end in the middle of any other answer completes nothing", () => {
    for (const { text } of whole) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: text.length - 1 }), (cut) => {
          const parser = new ResponseParser();
          if (cut > 0) assert.equal(parser.push(text.slice(0, cut)), null);
          assert.equal(parser.end(), null);
        }),
      );
    }
  });

  it("knows bytes that belong to no answer", () => {
    const parser = new ResponseParser();
    assert.equal(parser.push(`${whole[0]!.text}HTTP/1.1 408`)?.status, 200);
    assert.equal(parser.surplus, true);
  });

  it("throws for what is no HTTP", () => {
    for (const text of [
      "SSH-2.0-x\r\n\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
      "x".repeat(70_000),
    ]) {
      assert.throws(() => new ResponseParser().push(text), MalformedAnswer);
    }
  });
});
