/** One JSON object a line on standard output. */
export type Log = (
  level: "debug" | "info" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export const log: Log = (level, message, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ level, ts: new Date().toISOString(), msg: message, ...fields })}\n`);
};
