/** Answers that the load balancer gives by itself. */
import { STATUS_CODES, type ServerResponse } from "node:http";
import { isHttp2 } from "./headers";

export interface OwnAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly location?: string;
}

/** The page of an ALB's own errors and redirects. */
export function page(status: number, location?: string): OwnAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? ""}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { status, contentType: "text/html", body, ...(location === undefined ? {} : { location }) };
}

function headersOf(answer: OwnAnswer, clientStays: boolean): Record<string, string | number> {
  return {
    Server: "awselb/2.0",
    Date: new Date().toUTCString(),
    "Content-Type": answer.contentType,
    "Content-Length": Buffer.byteLength(answer.body),
    Connection: clientStays ? "keep-alive" : "close",
    ...(answer.location === undefined ? {} : { Location: answer.location }),
  };
}

export function give(response: ServerResponse, answer: OwnAnswer, clientStays: boolean): void {
  const { Connection: ofConnection, ...headers } = headersOf(answer, clientStays);
  response.writeHead(answer.status, isHttp2(response.req) ? headers : { ...headers, Connection: ofConnection });
  response.end(answer.body);
}

/** As bytes, for a connection that has left Node's hands. It ends with them. */
export function asText(answer: OwnAnswer): string {
  const head = Object.entries(headersOf(answer, false)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${head.join("")}\r\n${answer.body}`;
}
