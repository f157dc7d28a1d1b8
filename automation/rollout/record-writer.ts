/** The record as the stack has it and as it will be, and the writes between the two: fenced, and safe to repeat. */
import { isDeepStrictEqual } from "node:util";
import { asOneWrite, parseRecord, type EnvironmentRecord } from "../../stacks/record";
import { DriverError, overtaken } from "../errors";
import type { Ports } from "../ports";
import { stopRequested } from "./interruptions";
import type { SessionOptions } from "./session-options";

/** Attempts at writing the record, which calls nothing but the engine and its backend. */
const mostWrites = 3;
const mayPass = new Set(["EBG-UPDATE-FAILED", "EBG-DEADLINE"]);

export class RecordWriter {
  /** Ahead of `written` by transitions that the next write carries. */
  record: EnvironmentRecord;
  /** Until when a lock of somebody else's update is waited for. */
  private locksUntil = 0;

  /** `written`: as the stack has it. `lockMs`: how long a write waits for somebody else's update to end. */
  constructor(
    private readonly ports: Pick<Ports, "clock" | "pulumi">,
    public written: EnvironmentRecord,
    private readonly options: SessionOptions,
    private readonly lockMs: () => number,
  ) {
    this.record = written;
  }

  /**
   * Writes what is ahead; nothing to do when nothing is. Fenced: @throws EBG-FENCED when somebody else has written
   * meanwhile.
   */
  async flush(): Promise<void> {
    // Members that only the config knows so far are no reason to write.
    if (this.record.revision <= this.written.revision) return;
    const next = asOneWrite(this.written, this.record);
    const { clock } = this.ports;
    this.locksUntil = clock.now() + this.lockMs();
    for (let attempt = 1; !(await this.wrote(next, attempt)); attempt += 1) {
      await clock.sleep(Math.max(clock.scaled(10), 1000) * Math.min(attempt, mostWrites), this.options.stop);
    }
    this.written = next;
    this.record = next;
  }

  /**
   * False: it failed of something that may pass, and was not written; the revision that it expects makes another
   * attempt safe.
   */
  private async wrote(next: EnvironmentRecord, attempt: number): Promise<boolean> {
    try {
      await this.ports.pulumi.writeRecord(this.written.revision, next, this.options.cancel);
    } catch (error) {
      if (await this.wasWritten(next)) return true;
      if (!(error instanceof DriverError) || this.options.cancel.aborted) throw error;
      const waits = error.code === "EBG-STACK-LOCKED" && this.ports.clock.now() < this.locksUntil;
      if (waits && this.options.stop.aborted) throw stopRequested(this.options.commandName);
      if (!waits && (!mayPass.has(error.code) || attempt >= mostWrites)) throw error;
      this.options.emit({
        kind: "note",
        message:
          `the record was not written, trying again${waits ? "" : ` (${attempt + 1} of ${mostWrites})`}: ` +
          `${error.message.split("\n")[0] ?? ""}`,
      });
      return false;
    }
    return true;
  }

  /** An update whose answer was lost may have done its work: only the record itself can tell. */
  private async wasWritten(next: EnvironmentRecord): Promise<boolean> {
    const reading = await this.ports.pulumi.readEnvironment().catch((error: unknown) => {
      if (error instanceof DriverError) return null;
      throw error;
    });
    const parsed = reading?.outputs ? parseRecord(reading.outputs.record) : null;
    return parsed?.record !== null && parsed !== null && isDeepStrictEqual(plain(parsed.record), plain(next));
  }

  /**
   * For effects that no stack's update fences (ELBv2, IAM, a destroy): whoever was suspended for a while may have been
   * overtaken, and what
   * it would do was decided for a world that is gone. @throws EBG-FENCED
   */
  async assertNotOvertaken(): Promise<void> {
    const { outputs } = await this.ports.pulumi.readEnvironment();
    const now = parseRecord(outputs?.record).record?.revision;
    if (now === this.written.revision) return;
    throw overtaken(now, this.written.revision);
  }

  /**
   * The same where another round comes anyway: false when the record could not be read this time. @throws EBG-FENCED
   */
  async stillMine(): Promise<boolean> {
    try {
      await this.assertNotOvertaken();
      return true;
    } catch (error) {
      if (!(error instanceof DriverError) || error.code === "EBG-FENCED") throw error;
      this.options.emit({
        kind: "note",
        message: `the record could not be read, so nothing is touched in this round: ${error.message.split("\n")[0] ?? ""}`,
      });
      return false;
    }
  }
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
