import { Command, InvalidArgumentError, Option } from "commander";
import { stringify } from "yaml";
import {
  chartManifests,
  forExternalController,
  loadBalancerControllerCrds,
} from "../../../sandbox/load-balancer-controller/chart/crds";

interface ChartFlags {
  name: string;
  namespace: string;
  set: Readonly<Record<string, unknown>>;
  lbc: "stand-in" | "external";
  version: string;
}

/** Helm's `--set a.b=c`, one pair an option; lists and escapes are not understood. */
export function parseSet(text: string, before: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const at = text.indexOf("=");
  const keys = text.slice(0, Math.max(0, at)).split(".");
  if (at < 1 || keys.some((key) => !/^[A-Za-z][\w-]*$/.test(key)))
    throw new InvalidArgumentError(`"${text}" is not KEY=VALUE.`);
  const raw = text.slice(at + 1);
  const value = raw === "true" ? true : raw === "false" ? false : /^\d{1,9}$/.test(raw) ? Number(raw) : raw;
  const put = (
    into: Readonly<Record<string, unknown>>,
    [key = "", ...rest]: readonly string[],
  ): Record<string, unknown> => ({
    ...into,
    [key]: rest.length === 0 ? value : put((into[key] ?? {}) as Record<string, unknown>, rest),
  });
  return put(before, keys);
}

/**
 * `sandbox chart`: what `helm template --include-crds` prints for the controller's chart; helm and the chart's
 * repository are not part of a sandbox.
 */
export function chartCommand(): Command {
  return new Command("chart")
    .description(
      "print what the Helm chart aws-load-balancer-controller installs, for kubectl: a cluster made by hand gets " +
        "its controller so",
    )
    .option("--name <release>", "the release's name", "aws-load-balancer-controller")
    .option("-n, --namespace <namespace>", "the release's namespace", "kube-system")
    .addOption(
      new Option("--set <key=value>", "a value of the chart, as with helm (repeatable); clusterName is required")
        .argParser(parseSet)
        .default({}, "none"),
    )
    .option("--version <version>", "the chart's version", "3.5.0")
    .addOption(
      new Option(
        "--lbc <which>",
        "as the sandbox was started: `external` leaves out what the attached controller brings itself",
      )
        .choices(["stand-in", "external"])
        .default("stand-in"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ eks-blue-green sandbox chart --set clusterName=pri-eks-clu1 --set region=us-east-1 --set " +
        "vpcId=vpc-0a1b | kubectl --context pri-eks-clu1 apply -f -",
    )
    .action(({ name, namespace, set, lbc, version }: ChartFlags) => {
      const manifests = chartManifests({ releaseName: name, namespace, version, values: set });
      const all = [
        ...loadBalancerControllerCrds,
        ...(lbc === "external" ? forExternalController(manifests) : manifests),
      ];
      process.stdout.write(all.map((one) => `---\n${stringify(one)}`).join(""));
    });
}
