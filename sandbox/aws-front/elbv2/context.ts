/** What the ELBv2 operations share. */
import type { Ec2 } from "../ec2";
import type { QueryObject } from "../query";
import type { XmlValue } from "../xml";
import type { Store } from "./store";

export interface ElbContext {
  readonly store: Store;
  readonly ec2: Ec2;
  readonly region: string;
  readonly accountId: string;
  readonly scaled: (awsSeconds: number) => number;
  /** Lag of deregistration in AWS's seconds: the data plane hears of a target at least that long after it is gone. */
  readonly deregistrationLagSeconds: number;
  /** Something changed: the data plane shall hear of it. */
  readonly changed: () => void;
  /** Runs later unless the front is closed first. */
  readonly later: (ms: number, run: () => void) => void;
}

export type Operation = (context: ElbContext, params: QueryObject) => XmlValue | Promise<XmlValue>;
