/** Tags of what the environment's stack owns: its own are there, and no controller's. */
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import type { Inspection } from "../inspection";
import { shell, shellQuote } from "../../text/shell";

const environmentTag = "eks-blue-green/environment";
/** By these a controller finds what it takes for its own, and adopts and deletes it. */
const isControllers = (key: string): boolean =>
  key.startsWith("elbv2.k8s.aws/") || key.startsWith("service.k8s.aws/") || key.startsWith("ingress.k8s.aws/");

export function tagChecks({ environment, tags, adopted }: Inspection): Check[] {
  const name = environment.environment;
  if (environment.loadBalancer.owner === "service")
    return [skipped("EBG-V-TAGS", name, "the primary's controller owns the load balancers and their tags")];
  if (tags.kind === "unknown")
    return [unknown("EBG-V-TAGS", name, tags.why, "let the driver's role read tags (docs/reference/permissions.md)")];
  return Object.entries(tags.value).map(([arn, present]) => {
    const subject = arn.split(":").at(-1)?.split("/").slice(0, -1).join("/") ?? arn;
    const controllers = Object.keys(present).filter(isControllers);
    if (controllers.length > 0)
      return bad(
        "EBG-V-TAGS",
        subject,
        `it has ${controllers.map((key) => `${key}=${present[key]}`).join(", ")}, though this stack owns it: ` +
          "that controller takes it for its own",
        shell`aws elbv2 remove-tags --resource-arns ${arn} --tag-keys ` +
          `${controllers.map(shellQuote).join(" ")}, then restart that ` +
          "controller (it remembers tags for 20 minutes)",
        { severity: "required" },
      );
    // What was handed over keeps the tags that it had.
    if (adopted) return ok("EBG-V-TAGS", subject, "no controller's tags");
    return present[environmentTag] === name
      ? ok("EBG-V-TAGS", subject, `${environmentTag}=${name}`)
      : bad(
          "EBG-V-TAGS",
          subject,
          `its tag ${environmentTag} is ` +
            `${present[environmentTag] === undefined ? "gone" : `'${present[environmentTag]}'`}; teardown's search ` +
            "for leftovers goes by it",
          `pulumi up --refresh --stack ${name}`,
        );
  });
}
