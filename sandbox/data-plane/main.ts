/** The data plane's process: forked by the daemon, spoken to over IPC, ends with it. */
import type { FromDataPlane, ToDataPlane } from "../contract";
import { Fabric } from "../fabric/dial";
import { comeFirst } from "../processes/priority";
import { Balancer } from "./balancer";
import { LossLog } from "./loss-log";

comeFirst();
const fabric = new Fabric();
const losses = new LossLog((line) => process.stdout.write(`${line}\n`));
let balancer: Balancer | null = null;

function tell(message: FromDataPlane): void {
  if (process.connected) process.send?.(message);
}

function onMessage(message: ToDataPlane): void {
  switch (message.type) {
    case "start":
      balancer ??= new Balancer(fabric, message.timeScale, message.times, tell, losses);
      return tell({ type: "ready" });
    case "state":
      return balancer?.apply(message.state);
    case "fabric-set":
    case "fabric-delete":
      return fabric.apply(message);
    case "stats":
      return tell({ type: "stats", id: message.id, stats: balancer?.stats() ?? { targets: {}, listeners: {} } });
    default:
      message satisfies never;
  }
}

process.on("message", onMessage);
process.on("disconnect", () => process.exit(0));
// One socket's error, however odd, must not end everybody's flows.
process.on("uncaughtException", (error) => process.stderr.write(`data plane: ${error.stack ?? error.message}\n`));
