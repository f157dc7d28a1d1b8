/**
 * kube-proxy's part of the nodes: every node listens on the NodePorts of all Services and passes connections on to
 * their pods.
 * A connection stays with its pod whatever becomes of the Service's endpoints; it ends with its pod or its node.
 * Session affinity is not modelled: a flow's pod is drawn anew each time.
 */
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import type { FabricMessage } from "../../contract";
import { Flow } from "../../fabric/flow";
import type { ApiClient } from "../../kubernetes/api-client";
import type { EndpointSlice, Service } from "../../kubernetes/types";
import { type Backend, backends, healthPortOf, localEndpoints, nodePortsOf } from "./service-routes";
import { watchForever } from "../../kubernetes/watch";

export interface NodePortsDeps {
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  /** Through the fabric; throws when nobody listens there. */
  dial(address: string, port: number): net.Socket;
  fabric(message: FabricMessage): void;
}

interface Wanted {
  readonly node: string;
  readonly address: string;
  readonly port: number;
  readonly service: string;
  /** Index-free identity of the Service's port; null for the health-check port. */
  readonly portName: string | null;
}

interface Opened {
  wanted: Wanted;
  readonly server: net.Server;
  readonly flows: Set<Flow>;
}

interface Node {
  readonly name: string;
  readonly address: string;
}

const keyOf = (object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string =>
  `${object.metadata.namespace ?? "default"}/${object.metadata.name}`;
const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
const SERVICE_NAME = "kubernetes.io/service-name";

export class NodePorts {
  private readonly nodes = new Map<string, Node>();
  private readonly services = new Map<string, Service>();
  private readonly slices = new Map<string, EndpointSlice>();
  private readonly slicesOf = new Map<string, Set<string>>();
  private readonly opened = new Map<string, Opened>();

  constructor(private readonly deps: NodePortsDeps) {}

  run(): void {
    const { client, signal } = this.deps;
    void watchForever<Service>(client, "/api/v1/services", signal, {
      onList: (list) => {
        this.services.clear();
        for (const one of list) this.services.set(keyOf(one), one);
        this.sync();
      },
      onChange: (one) => {
        this.services.set(keyOf(one), one);
        this.sync();
      },
      onDelete: (one) => {
        this.services.delete(keyOf(one));
        this.sync();
      },
    });
    void watchForever<EndpointSlice>(client, "/apis/discovery.k8s.io/v1/endpointslices", signal, {
      onList: (list) => {
        this.slices.clear();
        this.slicesOf.clear();
        for (const one of list) this.setSlice(one);
      },
      onChange: (one) => this.setSlice(one),
      onDelete: (one) => this.dropSlice(keyOf(one)),
    });
  }

  addNode(name: string, address: string): void {
    this.nodes.set(name, { name, address });
    this.sync();
  }

  /** Pods behind a Service's own address, in a random order; null when no Service has that address and port. */
  routes(address: string, port: number): Backend[] | null {
    for (const [key, service] of this.services) {
      if (service.spec?.clusterIP !== address) continue;
      const own = service.spec.ports?.find((one) => one.port === port);
      if (own === undefined) return null;
      // Of no node: externalTrafficPolicy is about connections from outside.
      const inside = { ...service, spec: { ...service.spec, externalTrafficPolicy: "Cluster" as const } };
      return shuffled(backends(inside, own, this.slicesFor(key), ""));
    }
    return null;
  }

  /** The machine is gone, and with it what went through it. */
  removeNode(name: string): void {
    this.nodes.delete(name);
    for (const [key, one] of this.opened) {
      if (one.wanted.node !== name) continue;
      this.close(key, one);
      for (const flow of [...one.flows]) flow.cut();
    }
  }

  private setSlice(slice: EndpointSlice): void {
    this.dropSlice(keyOf(slice));
    const service = `${slice.metadata.namespace ?? "default"}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`;
    this.slices.set(keyOf(slice), slice);
    const own = this.slicesOf.get(service) ?? new Set();
    this.slicesOf.set(service, own.add(keyOf(slice)));
  }

  private dropSlice(key: string): void {
    const slice = this.slices.get(key);
    if (slice === undefined) return;
    this.slices.delete(key);
    this.slicesOf
      .get(`${slice.metadata.namespace ?? "default"}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`)
      ?.delete(key);
  }

  private slicesFor(service: string): EndpointSlice[] {
    return [...(this.slicesOf.get(service) ?? [])].flatMap((key) => this.slices.get(key) ?? []);
  }

  private wanted(): Map<string, Wanted> {
    const result = new Map<string, Wanted>();
    for (const [service, object] of this.services) {
      const health = healthPortOf(object);
      const ports = [
        ...nodePortsOf(object).map((one) => ({ port: one.nodePort, portName: one.name ?? "" })),
        ...(health === null ? [] : [{ port: health, portName: null }]),
      ];
      for (const node of this.nodes.values())
        for (const { port, portName } of ports)
          result.set(`${node.address}:${port}`, { node: node.name, address: node.address, port, service, portName });
    }
    return result;
  }

  private sync(): void {
    const wanted = this.wanted();
    for (const [key, one] of this.opened) {
      const now = wanted.get(key);
      // A NodePort and a health-check port are different programs.
      if (now === undefined || (now.portName === null) !== (one.wanted.portName === null)) this.close(key, one);
      else one.wanted = now;
    }
    for (const [key, one] of wanted) if (!this.opened.has(key)) this.open(key, one);
  }

  private open(key: string, wanted: Wanted): void {
    const server =
      wanted.portName === null ? http.createServer() : net.createServer({ allowHalfOpen: true, noDelay: true });
    const opened: Opened = { wanted, server, flows: new Set() };
    this.opened.set(key, opened);
    if (wanted.portName === null)
      server.on("request", (_request: http.IncomingMessage, response: http.ServerResponse) =>
        this.tellHealth(opened, response),
      );
    else server.on("connection", (socket: net.Socket) => this.accept(opened, socket));
    server.on("error", (error) => process.stderr.write(`node port ${key} (${wanted.service}): ${error.message}\n`));
    server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
      if (this.opened.get(key) !== opened) return;
      this.deps.fabric({
        type: "fabric-set",
        entry: {
          address: wanted.address,
          port: wanted.port,
          host: "127.0.0.1",
          hostPort: (server.address() as AddressInfo).port,
        },
      });
    });
  }

  /** Takes no new connections; those that are there live on. */
  private close(key: string, one: Opened): void {
    this.opened.delete(key);
    one.server.close();
    this.deps.fabric({ type: "fabric-delete", address: one.wanted.address, port: one.wanted.port });
  }

  private tellHealth(opened: Opened, response: http.ServerResponse): void {
    const { service, node } = opened.wanted;
    const [namespace, name] = service.split("/");
    const count = localEndpoints(this.slicesFor(service), node);
    response.writeHead(count > 0 ? 200 : 503, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ service: { namespace, name }, localEndpoints: count, serviceProxyHealthy: true }));
  }

  private choose(wanted: Wanted): Backend | undefined {
    const service = this.services.get(wanted.service);
    const port = service && nodePortsOf(service).find((one) => (one.name ?? "") === wanted.portName);
    if (service === undefined || port === undefined) return undefined;
    const found = backends(service, port, this.slicesFor(wanted.service), wanted.node);
    return found[Math.floor(Math.random() * found.length)];
  }

  private accept(opened: Opened, client: net.Socket): void {
    const backend = this.choose(opened.wanted);
    let target: net.Socket;
    try {
      if (backend === undefined) throw new Error("no pod is ready");
      target = this.deps.dial(backend.address, backend.port);
    } catch {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    opened.flows.add(new Flow(client, target, (ended) => void opened.flows.delete(ended)));
  }
}
