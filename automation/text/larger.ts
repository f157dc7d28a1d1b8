/** What is said of members that stay larger than configured. */
import { capacityOf, type Placement } from "../../stacks/record";
import { typed } from "./command-line";

/** `blue (150 %), red (150 %): larger than configured, though no member is out whose load they would carry`. */
export const largerMessage = (members: readonly string[], placement: Placement): string =>
  `${members.map((name) => `${name} (${capacityOf(placement[name])} %)`).join(", ")}: larger than configured, though ` +
  "no member is out whose load would have to be carried";

export const largerRemedy = (members: readonly string[], environment: string): string =>
  members.map((name) => typed(environment, `scale ${name} --percent 100`)).join("; then ");
