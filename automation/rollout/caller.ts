/** Who runs this driver: user, host and process, and the ARN of the credentials that AWS sees. */
import { hostname, userInfo } from "node:os";
import { callerIn, signed, type Signature } from "../../stacks/record";
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import type { Ports } from "../ports";

const who = (): string => {
  let user = "unknown";
  try {
    user = userInfo().username;
  } catch {
    // A container's user without an entry in /etc/passwd; the name is only for people.
  }
  return `${user}@${hostname()} ${process.pid}`;
};

export class Caller {
  readonly by = who();
  /** Null: not asked, or STS did not say. */
  private arn: string | null = null;

  constructor(
    private readonly aws: Ports["aws"],
    private readonly emit: EventSink,
  ) {}

  /** What this run writes into the record of itself. */
  get signature(): Signature {
    return this.arn === null ? { by: this.by } : { by: this.by, caller: this.arn };
  }
  signed<T extends Signature>(value: T): T {
    return signed(value, this.signature);
  }
  /** Asks STS whose credentials these are. Nothing waits for it: STS that is disturbed keeps nobody from moving traffic. */
  async identify(): Promise<void> {
    try {
      const { arn } = await this.aws.identity();
      this.arn = callerIn(arn).caller ?? null;
      this.emit({ kind: "caller", by: this.by, arn: this.arn });
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      const why = error.message.split("\n")[0] ?? "";
      this.emit({
        kind: "note",
        message: `whose credentials these are is not written down, STS did not say it: ${why}`,
      });
    }
  }
}
