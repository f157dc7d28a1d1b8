/** A way back that somebody asks for may lead to what the rollout is the cure for. Pure. */
import type { EnvironmentRecord, Step } from "../../stacks/record";
import { emptiedBy } from "./shares";
import { goOn, moving, stay, type WalkBack } from "./way-back";

/** Requests of a look, by service and port. */
type Requests = Readonly<Record<string, { readonly failed: number }>>;

/**
 * Not one request was answered before the member came in that these steps take out, and some fail still: whoever is
 * left then is why. Null: nothing of the kind is known.
 */
export function leadsToWhatFailed(
  record: EnvironmentRecord,
  steps: readonly Step[],
  requests: Requests,
): WalkBack | null {
  const { failingBefore = {} } = record.rollout ?? {};
  const failing = Object.keys(failingBefore).filter((key) => (requests[key]?.failed ?? 0) > 0);
  const leaving = [...new Set([...moving(steps, "drain"), ...emptiedBy(steps)])];
  if (failing.length === 0 || leaving.length === 0) return null;
  const names = leaving.join(", ");
  return stay(
    `before ${names} came in not one request to '${failing.join("', '")}' was answered, and some fail still: without ` +
      `${names} nothing would serve`,
    `finish it with what serves: ${goOn(record)}; once no request fails any more (eks-blue-green status), the same ` +
      "command goes back",
  );
}
