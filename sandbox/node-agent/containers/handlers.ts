/** Performs a probe's or hook's action against a pod, over its loopback socket. */
import type { Socket } from "node:net";
import type { ContainerSpec, Handler, HttpGetAction } from "../../kubernetes/types";

/** Opens a connection to a pod's address; refuses what isn't in the fabric. */
export type Dial = (address: string, port: number) => Promise<Socket>;

export interface HandlerTarget {
  /** The pod's VPC address. */
  readonly address: string;
  readonly container: ContainerSpec;
  /** Ports that something listens on here. */
  readonly ports: readonly number[];
  /** Whether an action on any other port fails; else it counts as passed, because nothing here could serve it. */
  readonly strictPorts: boolean;
  readonly dial: Dial;
}

/** What an action asks; two with the same text ask the same. */
export const questionOf = ({ httpGet, tcpSocket, grpc, exec }: Handler): string =>
  JSON.stringify([httpGet, tcpSocket, grpc, exec]);

/**
 * True when the action succeeded within `timeoutMs` (real time). `exec` always succeeds: there is no image to run a
 * command in.
 * HTTPS and gRPC are judged by whether the port accepts a connection; `httpGet.host` is ignored, nothing but the pod is
 * asked.
 */
export async function perform(handler: Handler, target: HandlerTarget, timeoutMs: number): Promise<boolean> {
  const wanted = handler.httpGet?.port ?? handler.tcpSocket?.port ?? handler.grpc?.port;
  if (wanted === undefined) return true;
  const port = portNumber(wanted, target.container);
  if (port === null) return false;
  if (!target.ports.includes(port)) return !target.strictPorts;
  const request =
    handler.httpGet && handler.httpGet.scheme !== "HTTPS" ? requestText(handler.httpGet, target.address, port) : null;
  return withSocket(target.dial(target.address, port), timeoutMs, (socket) =>
    request === null ? Promise.resolve(true) : statusIsGood(socket, request),
  );
}

export function portNumber(port: number | string, container: ContainerSpec): number | null {
  if (typeof port === "number") return port;
  if (/^\d+$/.test(port)) return Number(port);
  return container.ports?.find((p) => p.name === port)?.containerPort ?? null;
}

function requestText(action: HttpGetAction, address: string, port: number): string {
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const own = new Map<string, string>([
    ["host", `${address}:${port}`],
    ["user-agent", "kube-probe/sandbox"],
    ["accept", "*/*"],
    ["connection", "close"],
  ]);
  for (const { name, value } of action.httpHeaders ?? []) own.set(name.toLowerCase(), value);
  const clean = (text: string): string => text.replace(/[\r\n]/g, "");
  return (
    `GET ${encodeURI(clean(path)).replace(/%25/g, "%")} ` +
    `HTTP/1.1\r\n${[...own].map(([k, v]) => `${clean(k)}: ${clean(v)}\r\n`).join("")}\r\n`
  );
}

async function withSocket(
  dialling: Promise<Socket>,
  timeoutMs: number,
  use: (socket: Socket) => Promise<boolean>,
): Promise<boolean> {
  let late = false;
  const asked = dialling.then(
    async (socket) => {
      socket.on("error", () => undefined);
      try {
        return late ? false : await Promise.race([use(socket), expiry.then(() => false)]);
      } finally {
        socket.destroy();
      }
    },
    () => false,
  );
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late = true;
      resolve();
    }, timeoutMs);
  });
  try {
    return await Promise.race([asked, expiry.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

function statusIsGood(socket: Socket, request: string): Promise<boolean> {
  return new Promise((resolve) => {
    let head = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      head += chunk;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      if (status !== undefined) resolve(Number(status) >= 200 && Number(status) < 400);
      else if (head.length > 64) resolve(false);
    });
    socket.once("close", () => resolve(false));
    socket.write(request);
  });
}
