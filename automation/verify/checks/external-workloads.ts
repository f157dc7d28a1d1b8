/** Workloads that somebody else deploys: there, well, and the same everywhere. */
import { isServing } from "../../../stacks/record";
import {
  equalOf,
  externalProblem,
  externalsOf,
  imagesKey,
  imagesProblem,
  repairOf,
} from "../../gates/external-workload";
import { counted } from "../../text/sentences";
import { bad, ok, skipped, type Check } from "../catalog";
import type { Inspection } from "../inspection";

export function externalChecks({ observation, placement }: Inspection): Check[] {
  const members = Object.values(observation.members).filter((member) => member.reachable);
  return members.flatMap((member) =>
    externalsOf(member).flatMap(([key, external]): Check[] => {
      const subject = `${member.name}/${key}`;
      const problem = externalProblem(member.name, external);
      const serves = isServing(placement[member.name]);
      const others = members.filter(({ name }) => name !== member.name && isServing(placement[name]));
      const differ = imagesProblem(member.name, key, external, others);
      return [
        problem === null
          ? ok("EBG-V-EXTERNAL", subject, `${external.serviceName}, ${counted(external.pods.ready, "pod")} ready`)
          : bad("EBG-V-EXTERNAL", subject, problem, repairOf(external), serves ? {} : { severity: "recommended" }),
        !external.comparesImages
          ? skipped("EBG-V-EXTERNAL-IMAGES", subject, `they may differ (${imagesKey(external)})`)
          : others.length === 0
            ? skipped("EBG-V-EXTERNAL-IMAGES", subject, "no other member serves")
            : differ === null
              ? ok("EBG-V-EXTERNAL-IMAGES", subject, counted(external.images.length, "image"))
              : bad("EBG-V-EXTERNAL-IMAGES", subject, differ, equalOf(external)),
      ];
    }),
  );
}
