/** Reading and writing a binding's object. */
import type { ApiClient } from "../../kubernetes/api-client";
import { paths } from "../api-paths";
import { CHECKPOINT, CHECKPOINT_TIMESTAMP } from "./checkpoint";
import type { TargetGroupBinding } from "../types";

export function pathOf(binding: TargetGroupBinding): string {
  return paths.binding(binding.metadata.namespace ?? "", binding.metadata.name);
}

export function arnOf(binding: TargetGroupBinding): string {
  const arn = binding.spec.targetGroupARN;
  if (!arn)
    throw new Error("spec.targetGroupARN is empty: the mutating webhook fills it from targetGroupName on creation");
  return arn;
}

const written = new WeakMap<TargetGroupBinding, string>();

/** Writes nothing when the value is there already: the write itself causes the next pass. */
export async function setCheckpoint(client: ApiClient, binding: TargetGroupBinding, value: string): Promise<void> {
  const old = written.get(binding) ?? binding.metadata.annotations?.[CHECKPOINT] ?? "";
  if (old === value) return;
  const annotations = { [CHECKPOINT]: value, [CHECKPOINT_TIMESTAMP]: String(Math.floor(Date.now() / 1000)) };
  await client.patch(pathOf(binding), "merge", { metadata: { annotations } });
  written.set(binding, value);
}
