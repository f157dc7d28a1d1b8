/** The listener that sends plain HTTP on to HTTPS, asked as a browser asks it. */
import type { SandboxInfo } from "../../../../sandbox/contract";
import { get } from "../../../adapters/http/get";
import { listenersOf } from "../load";
import type { Seen } from "../stage";

/** `HTTP 301` and where to, of the listener on port 80. */
export async function redirects(info: SandboxInfo): Promise<Seen> {
  const plain = listenersOf(info).find(({ port }) => port === 80);
  if (plain === undefined) return { holds: false, seen: "nobody listens on port 80" };
  const host = { host: "shop.example.com" };
  const { status, headers } = await get(
    new URL("http://shop.example.com/a?b=c"),
    { host: plain.address, port: plain.addressPort },
    { milliseconds: 5000, bytes: 1024 },
    host,
  );
  return {
    holds: status === 301 && headers.location === "https://shop.example.com:443/a?b=c",
    seen: `status ${status}, ${headers.location ?? "no location"}`,
  };
}
