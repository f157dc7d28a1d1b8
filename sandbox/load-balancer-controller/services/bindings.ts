/**
 * The bindings that the controller makes for a Service's target groups. They have no owner: only their labels tell
 * whose they are.
 */
import { scaledMs } from "../../shared/clock";
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone, sleep } from "../../kubernetes/retry";
import { paths } from "../api-paths";
import type { GroupModel } from "./model";
import { STACK_NAME_LABEL, STACK_NAMESPACE_LABEL } from "./names";
import { pathOf } from "../bindings/binding-object";
import type { ServiceObject, TargetGroupBinding, TargetGroupBindingSpec } from "../types";

const POLL_MS = 25;
const GIVE_UP_SECONDS = 120;

export interface BindingWish {
  readonly group: GroupModel;
  readonly arn: string;
  readonly multiCluster: boolean;
  readonly vpcId: string;
  /** Source of the rules for the targets; null: none are kept. */
  readonly backendGroup: string | null;
}

export class ServiceBindings {
  constructor(
    private readonly client: ApiClient,
    private readonly timeScale: number,
  ) {}

  async ofStack(service: ServiceObject): Promise<readonly TargetGroupBinding[]> {
    const { namespace = "", name } = service.metadata;
    const selector = encodeURIComponent(`${STACK_NAMESPACE_LABEL}=${namespace},${STACK_NAME_LABEL}=${name}`);
    return (
      await this.client.get<{ readonly items: readonly TargetGroupBinding[] }>(
        `${paths.bindings(namespace)}?labelSelector=${selector}`,
      )
    ).items;
  }

  /**
   * Known again by the target group's ARN. A binding of the same name and another ARN makes the creation fail for as
   * long as it is there.
   */
  async ensure(service: ServiceObject, wanted: BindingWish, found: readonly TargetGroupBinding[]): Promise<void> {
    const { namespace = "", name } = service.metadata;
    const spec = specOf(wanted);
    const present = found.find((one) => one.spec.targetGroupARN === wanted.arn);
    if (!present) {
      const metadata = {
        name: wanted.group.name,
        namespace,
        labels: { [STACK_NAMESPACE_LABEL]: namespace, [STACK_NAME_LABEL]: name },
      };
      await this.client.create(paths.bindings(namespace), {
        apiVersion: "elbv2.k8s.aws/v1beta1",
        kind: "TargetGroupBinding",
        metadata,
        spec,
      });
      return;
    }
    const changed = Object.entries(spec).filter(
      ([key, value]) => canonical(present.spec[key as keyof TargetGroupBindingSpec]) !== canonical(value),
    );
    // Replaced field by field: a merge would keep what is no longer in an object.
    const patch = changed.map(([key, value]) =>
      value === undefined ? { op: "remove", path: `/spec/${key}` } : { op: "add", path: `/spec/${key}`, value },
    );
    if (patch.length > 0) await this.client.patch(pathOf(present), "json", patch);
  }

  /** Waits until it is gone: its targets and rules went before. */
  async delete(binding: TargetGroupBinding): Promise<void> {
    const path = pathOf(binding);
    await orGone(this.client.delete(path));
    const until = Date.now() + Math.max(5_000, scaledMs(GIVE_UP_SECONDS, this.timeScale));
    for (;;) {
      const present = await orGone(this.client.get<TargetGroupBinding>(path));
      if (!present || present.metadata.uid !== binding.metadata.uid) return;
      if (Date.now() >= until)
        throw new Error(
          `timed out waiting for the condition: TargetGroupBinding ${binding.metadata.name} is still there`,
        );
      await sleep(POLL_MS);
    }
  }
}

type Wanted = { readonly [K in keyof TargetGroupBindingSpec]-?: TargetGroupBindingSpec[K] | undefined };

function specOf({ group, arn, multiCluster, vpcId, backendGroup }: BindingWish): Partial<Wanted> {
  const protocol = group.protocol === "UDP" ? "UDP" : "TCP";
  return {
    targetGroupARN: arn,
    targetType: group.targetType,
    serviceRef: group.serviceRef,
    ipAddressType: "ipv4",
    vpcID: vpcId,
    targetGroupProtocol: group.protocol,
    nodeSelector: group.nodeSelector,
    multiClusterTargetGroup: multiCluster ? true : undefined,
    networking:
      backendGroup === null
        ? undefined
        : {
            ingress: [
              {
                from: [{ securityGroup: { groupID: backendGroup } }],
                ports: group.ports.map((port) => ({ protocol, port })),
              },
            ],
          },
  };
}

/** Sorted keys; `false` and what is absent are the same. */
function canonical(value: unknown): string {
  if (value === false || value === undefined || value === null) return "";
  return JSON.stringify(value, (_, one: unknown) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
