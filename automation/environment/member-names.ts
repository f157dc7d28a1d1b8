/**
 * Names in a member's outputs become parts of paths at its API server, of remedies that people paste and of the hosts
 * that AWS is asked at. The state is not believed to hold what was written into it.
 */
import type { MemberOutputs } from "../../stacks/contract";
import { clusterName, labelName, objectName, regionName, roleName } from "../../stacks/shared/plain-name";
import { DriverError } from "../errors";
import { oneLine } from "../text/foreign";

type Rule = readonly [path: string, value: unknown, pattern: RegExp];

function rulesOf(outputs: MemberOutputs): readonly Rule[] {
  const { controller, services } = outputs as Partial<MemberOutputs>;
  return [
    ["clusterName", outputs.clusterName, clusterName],
    ["region", outputs.region, regionName],
    ["controller.namespace", controller?.namespace, labelName],
    ["controller.deployment", controller?.deployment, objectName],
    ["controller.roleName", controller?.roleName, roleName],
    ...Object.entries(services ?? {}).flatMap(([key, service]): Rule[] => [
      [`services.${key}.namespace`, service.namespace, labelName],
      [`services.${key}.deployment`, service.deployment, objectName],
      [`services.${key}.service`, service.service, labelName],
      [`services.${key}.binding`, service.binding, objectName],
      [`services.${key}.loadBalancerService`, service.loadBalancerService, labelName],
    ]),
  ];
}

/** The same outputs. What an older version did not write is not asked for. @throws EBG-RECORD-INVALID */
export function withSoundNames<T extends MemberOutputs | null>(outputs: T, stack: string): T {
  if (outputs === null) return outputs;
  const wrong = rulesOf(outputs).filter(
    ([, value, pattern]) => value != null && !(typeof value === "string" && pattern.test(value)),
  );
  if (wrong.length === 0) return outputs;
  const list = wrong.map(([path, value]) => `${oneLine(path)} is ${oneLine(JSON.stringify(value))}`).join("; ");
  throw new DriverError(
    "EBG-RECORD-INVALID",
    `the outputs of stack ${stack} hold names that can't be used: ${list}`,
    `find out who changed the stack's state (SECURITY.md), then write its outputs again: pulumi up --stack ${stack}`,
  );
}
