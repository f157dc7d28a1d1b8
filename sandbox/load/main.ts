/** The load client's process: forked by `start.ts`, ends with its parent. */
import { createWriteStream, type WriteStream } from "node:fs";
import type { LoadOptions } from "../contract";
import { comeFirst } from "../processes/priority";
import { LoadClient } from "./client";
import type { FromLoad, ToLoad } from "./start";

comeFirst();
let client: LoadClient | null = null;
let ledger: WriteStream | null = null;

function tell(message: FromLoad): void {
  if (process.connected) process.send?.(message);
}

function start(options: LoadOptions, file: string): void {
  const stream = createWriteStream(file, { flags: "a" });
  ledger = stream;
  stream.on("error", (error) => tell({ type: "error", message: `${file}: ${error.message}` }));
  stream.once("open", () => {
    client = new LoadClient(
      options,
      (line) => stream.write(`${JSON.stringify(line)}\n`),
      (sample) => tell({ type: "sample", sample }),
    );
    tell({ type: "started" });
  });
}

async function stop(): Promise<void> {
  const summary = await client?.stop();
  await new Promise<void>((resolve) => (ledger ? ledger.end(resolve) : resolve()));
  if (summary) tell({ type: "summary", summary });
}

process.on("message", (message: ToLoad) => {
  switch (message.type) {
    case "start":
      return start(message.options, message.ledgerFile);
    case "stop":
      return void stop();
    default:
      message satisfies never;
  }
});
process.on("disconnect", () => process.exit(0));
