/** Security groups of Services' load balancers: one for each, and one that all of a cluster share. */
import { scaledMs } from "../../shared/clock";
import { sleep } from "../../kubernetes/retry";
import type { Ec2, SecurityGroup } from "../aws/ec2";
import { log } from "../log";
import { type Permission, without } from "../aws/ingress-permissions";
import { BACKEND_DESCRIPTION, backendGroupName, backendGroupTags, RESOURCE_TAG, type Tags } from "./names";

const RETRY_SECONDS = 2;
const GIVE_UP_SECONDS = 120;
const MANAGED_RESOURCE = "ManagedLBSecurityGroup";

export interface ServiceGroupsParts {
  readonly ec2: Ec2;
  readonly clusterName: string;
  readonly vpcId: string;
  readonly timeScale: number;
}

export class ServiceGroups {
  private backend: Promise<string> | null = null;

  constructor(private readonly parts: ServiceGroupsParts) {}

  /** Id of the shared group, which is made when no group has its tags. */
  sharedGroup(): Promise<string> {
    if (this.backend === null) {
      const finding = this.findShared();
      this.backend = finding;
      finding.catch(() => (this.backend = null));
    }
    return this.backend;
  }

  private async findShared(): Promise<string> {
    const { ec2, clusterName, vpcId } = this.parts;
    const tags = backendGroupTags(clusterName);
    const [found] = await ec2.securityGroups({ filters: { "vpc-id": [vpcId], ...tagFilters(tags) } });
    if (found) return found.id;
    const id = await ec2.createSecurityGroup({
      name: backendGroupName(clusterName),
      description: BACKEND_DESCRIPTION,
      vpcId,
      tags,
    });
    log("info", "created securityGroup", { id, shared: true });
    return id;
  }

  /**
   * Nobody needs it any longer. @throws DependencyViolation while something of AWS still uses it, after two minutes of
   * trying.
   */
  async releaseShared(): Promise<void> {
    const { ec2, clusterName, vpcId } = this.parts;
    const id =
      this.backend === null
        ? (
            await ec2.securityGroups({ filters: { "vpc-id": [vpcId], ...tagFilters(backendGroupTags(clusterName)) } })
          )[0]?.id
        : await this.backend;
    if (id !== undefined) await this.delete(id);
    this.backend = null;
  }

  ofStack(stack: Tags): Promise<SecurityGroup[]> {
    return this.parts.ec2.securityGroups({ filters: { "vpc-id": [this.parts.vpcId], ...tagFilters(stack) } });
  }

  /** The Service's own group with exactly these rules. */
  async managed(
    found: readonly SecurityGroup[],
    wanted: { readonly name: string; readonly description: string; readonly ingress: readonly Permission[] },
    tags: Tags,
  ): Promise<string> {
    const { ec2, vpcId } = this.parts;
    const [present] = found;
    const id =
      present?.id ??
      (await ec2.createSecurityGroup({
        name: wanted.name,
        description: wanted.description,
        vpcId,
        tags: new Map([...tags, [RESOURCE_TAG, MANAGED_RESOURCE]]),
      }));
    const missing = without(wanted.ingress, present?.ingress ?? []);
    const extra = without(present?.ingress ?? [], wanted.ingress);
    if (extra.length > 0) await ec2.revoke(id, extra);
    if (missing.length > 0) await ec2.authorize(id, missing);
    return id;
  }

  /** Retried while network interfaces or load balancers still use it. */
  async delete(id: string): Promise<void> {
    const { ec2, timeScale } = this.parts;
    const until = Date.now() + scaledMs(GIVE_UP_SECONDS, timeScale);
    for (;;) {
      try {
        await ec2.deleteSecurityGroup(id);
        log("info", "deleted securityGroup", { id });
        return;
      } catch (error) {
        const { name } = error as Error;
        if (/^InvalidGroup(Id)?\.NotFound$/i.test(name)) return;
        if (name !== "DependencyViolation" || Date.now() >= until) throw error;
        await sleep(scaledMs(RETRY_SECONDS, timeScale));
      }
    }
  }
}

export function tagFilters(tags: Tags): Record<string, string[]> {
  return Object.fromEntries([...tags].map(([key, value]) => [`tag:${key}`, [value]]));
}
