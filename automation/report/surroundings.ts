/** Where a command looks, when that is not AWS at its own speed. Pure. */
import type { Surroundings } from "../index";

/** None when it is AWS. */
export function surroundingsLines({ timeScale, sandbox, connectTo }: Surroundings): string[] {
  if (sandbox !== null)
    return [`in the sandbox ${sandbox.dir} (AWS at ${sandbox.awsEndpoint}), ${timeScale} times as fast as AWS`];
  return connectTo === null ? [] : [`requests go by the table ${connectTo} (EKS_BLUE_GREEN_CONNECT_TO)`];
}

export interface Asked {
  readonly surroundings?: Surroundings;
}

export const askedWhere = ({ surroundings }: Asked): string[] =>
  surroundings === undefined ? [] : surroundingsLines(surroundings);
