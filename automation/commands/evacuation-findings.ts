/** What an evacuation says of targets whose owner is not beyond doubt. */
import type { Proven } from "../evacuation/eligibility";
import type { EventSink } from "../events";

export function tellProven(
  { emit, member }: { readonly emit: EventSink; readonly member: string },
  proven: Proven,
): void {
  for (const target of proven.wronglyClaimed)
    emit({
      kind: "finding",
      code: "EBG-CLAIM",
      severity: "recommended",
      message: `another member claims ${target.replace("|", ": ")}, and EC2 says that it is ${member}'s`,
      remedy:
        "find out who wrote that into its ConfigMaps aws-lbc-targets-* or EndpointSlices, and take it out there: its " +
        "controller may register it again",
    });
  for (const text of proven.unproven)
    emit({
      kind: "finding",
      code: "EBG-EVACUATE",
      severity: "recommended",
      message: `not touched: ${text}`,
      remedy:
        "find out whose it is (aws ec2 describe-network-interfaces --filters " +
        "Name=addresses.private-ip-address,Values=ADDRESS); if nobody's: aws elbv2 deregister-targets",
    });
}
