/** Preloaded into a Node program: writes down every host that it connects to, and lets only 127.0.0.0/8 through. */
import { appendFileSync } from "node:fs";
import net from "node:net";

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof options === "object" && options !== null && typeof options.path !== "string") {
    const host = String(options.host ?? "localhost");
    appendFileSync(process.env.RECORD_CONNECTIONS, `connect ${host}\n`);
    if (!host.startsWith("127.")) throw new Error(`the test lets nothing out: ${host}`);
  }
  return connect.apply(this, args);
};
