/** The ELBv2 calls that standalone bindings need. */
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  type TargetDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { scaledMs } from "../../shared/clock";
import { sleep } from "../../kubernetes/retry";
import type { TargetsApi } from "./target-cache";
import type { Target } from "../types";

export interface TargetGroupFacts {
  readonly arn: string;
  readonly targetType: string;
  readonly ipAddressType: string;
  readonly vpcId: string | undefined;
  readonly protocol: string | undefined;
}

/** How often the real controller's SDK tries, and its longest pause. */
const MAX_ATTEMPTS = 10;
const LONGEST_PAUSE_SECONDS = 20;

export class Elbv2 implements TargetsApi {
  private readonly client: ElasticLoadBalancingV2Client;

  constructor(
    region: string,
    private readonly timeScale: number,
  ) {
    this.client = new ElasticLoadBalancingV2Client({ region, maxAttempts: 1 });
  }

  /** For the calls of load balancers' Services, with the same repetition. */
  call<T>(run: (client: ElasticLoadBalancingV2Client) => Promise<T>): Promise<T> {
    return this.again(() => run(this.client));
  }

  /** Repeats here and not in the SDK, whose pauses can't be scaled: about 1, 2, 4 … s. */
  private async again<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (attempt + 1 >= MAX_ATTEMPTS || !isPassing(error)) throw error;
        await sleep(
          scaledMs(Math.min(2 ** attempt, LONGEST_PAUSE_SECONDS) * (0.75 + Math.random() / 4), this.timeScale),
        );
      }
    }
  }

  async describe(
    arn: string,
    only?: readonly Target[],
  ): Promise<readonly (Target & { readonly notRegistered: boolean })[]> {
    const answer = await this.again(() =>
      this.client.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: arn, ...(only ? { Targets: only.map(described) } : {}) }),
      ),
    );
    return (answer.TargetHealthDescriptions ?? []).map((one) => ({
      id: one.Target?.Id ?? "",
      port: one.Target?.Port ?? 0,
      state: one.TargetHealth?.State ?? null,
      ...(one.TargetHealth?.Reason ? { reason: one.TargetHealth.Reason } : {}),
      ...(one.TargetHealth?.Description ? { description: one.TargetHealth.Description } : {}),
      notRegistered: one.TargetHealth?.Reason === "Target.NotRegistered",
    }));
  }

  async register(arn: string, targets: readonly Target[]): Promise<void> {
    await this.again(() =>
      this.client.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: targets.map(described) })),
    );
  }

  async deregister(arn: string, targets: readonly Target[]): Promise<void> {
    await this.again(() =>
      this.client.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: targets.map(described) })),
    );
  }

  /** @throws TargetGroupNotFoundException and whatever else ELBv2 answers. */
  async targetGroup(by: { readonly arn: string } | { readonly name: string }): Promise<TargetGroupFacts> {
    const answer = await this.again(() =>
      this.client.send(
        new DescribeTargetGroupsCommand("arn" in by ? { TargetGroupArns: [by.arn] } : { Names: [by.name] }),
      ),
    );
    const group = answer.TargetGroups?.[0];
    if (!group?.TargetGroupArn)
      throw Object.assign(new Error("One or more target groups not found"), { name: "TargetGroupNotFoundException" });
    return {
      arn: group.TargetGroupArn,
      targetType: group.TargetType ?? "instance",
      ipAddressType: group.IpAddressType ?? "ipv4",
      vpcId: group.VpcId,
      protocol: group.Protocol,
    };
  }
}

function described(target: Target): TargetDescription {
  return { Id: target.id, Port: target.port, ...(target.zone ? { AvailabilityZone: target.zone } : {}) };
}

/** Throttling, AWS's own errors, and connections that broke. */
function isPassing(error: unknown): boolean {
  const { name = "", $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return (
    status === undefined || status >= 500 || status === 429 || /Throttl|TooManyRequests|RequestLimitExceeded/.test(name)
  );
}

/** What the end of a binding tolerates: its group is gone, or its ARN is none. */
export function isGroupGone(error: unknown): boolean {
  return /^(TargetGroupNotFound|InvalidTarget|ValidationError)/.test((error as Error | undefined)?.name ?? "");
}
