/** `controller`: the AWS Load Balancer Controller of each member. */
import { controllerVersions } from "../../../components/internal/aws-limits";
import { standsAlone } from "../../../components/internal/controller-chart";
import { custom, oneOf, text, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { derived, leftOut, type ValueOf, withDefault } from "../declare/key";

const address = text({
  pattern: /^(https|oci):\/\//,
  rule: "must be the address of a chart repository",
  remedy: "Write it like https://aws.github.io/eks-charts",
});

const controllerKeys = {
  version: withDefault(
    text({
      pattern: /^\d+\.\d+\.\d+$/,
      rule: "must be a version of the controller",
      remedy: `Write it like ${controllerVersions.recommended}`,
      range: `${controllerVersions.oldest} or newer`,
    }),
    controllerVersions.recommended,
    {
      doc:
        "Version of the AWS Load Balancer Controller. That of its chart follows: 1.x.y for 2.x.y, the same from 3.0.0 " +
        "on.",
    },
  ),
  chart: withDefault(text(), "aws-load-balancer-controller", {
    doc:
      "Name of the chart in the repository, a local folder (a relative path begins at the project's folder), or a chart's " +
      "whole address (`oci://…`).",
  }),
  repository: withDefault(
    custom<string | null>({ ...address, empty: null, structured: false }),
    derived(
      ({ chart }: { chart: string }) => (standsAlone(chart) ? null : "https://aws.github.io/eks-charts"),
      "`https://aws.github.io/eks-charts`; none when `chart` is a folder or an address",
    ),
    { doc: "Address of the chart repository." },
  ),
  image: leftOut(
    text({
      pattern: /^[^\s:@]+(:\d+)?(\/[^\s:@]+)+$/,
      rule: "must be a repository of container images, without a tag",
      remedy: "Write it like 123456789012.dkr.ecr.us-east-1.amazonaws.com/aws-load-balancer-controller",
      range: "a repository of images; the tag is the version's",
    }),
    "the chart's",
    {
      doc:
        "Repository of the controller's image, for members without a way out to the public one. The image must have the " +
        "tag of `version` (`v3.5.0`).",
      example: "123456789012.dkr.ecr.us-east-1.amazonaws.com/aws-load-balancer-controller",
    },
  ),
  imageDigest: leftOut(
    text({
      pattern: /^\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/,
      rule: "must be a version of the controller and its image's digest",
      remedy: "Write it like 3.5.0@sha256:… (64 hexadecimal digits)",
      range: "`version`@sha256:…",
    }),
    "whatever the registry has under the tag",
    {
      doc:
        "Digest of the controller's image, behind the version that it is of: nodes then run that image and no other, " +
        "whatever the tag leads to later.",
      example: `${controllerVersions.recommended}@sha256:${"0".repeat(64)}`,
    },
  ),
  identity: withDefault(oneOf("pod-identity", "irsa"), "pod-identity", {
    doc: "How the controller gets its AWS permissions: EKS Pod Identity, or IAM roles for service accounts.",
  }),
  protectTargetConfigMaps: leftOut(yesOrNo(), "`false`", {
    doc:
      "Whether only the controller and cluster administrators may write and delete the ConfigMaps `aws-lbc-targets-*`. " +
      "Without it, `edit` of a namespace can make the controller take other members' targets out. By a " +
      "ValidatingAdmissionPolicy of each member whose controller this package installs.",
    source: "Kubernetes, ValidatingAdmissionPolicy (stable since 1.30); 2026-12-01",
    example: true,
  }),
};

/** The AWS Load Balancer Controller of every member: `controller` of the config. */
export interface ControllerConfig extends ValueOf<typeof controllerKeys> {}

const newEnough: Rule<ControllerConfig> = ({ version }, place) => {
  const parts = version.split(".").map(Number);
  const oldest = controllerVersions.oldest.split(".").map(Number);
  const older = (parts[0] ?? 0) - (oldest[0] ?? 0) || (parts[1] ?? 0) - (oldest[1] ?? 0);
  if (older < 0)
    place.add(
      "version",
      version,
      `must be ${controllerVersions.oldest} or newer: older controllers have no multi-cluster target groups and ` +
        "deregister the other members' targets",
      `Use ${controllerVersions.recommended}`,
    );
};

/** A digest wins over the tag: with another version's, the old controller would run under the new one's name. */
const digestOfVersion: Rule<ControllerConfig> = ({ version, imageDigest }, place) => {
  if (imageDigest !== undefined && !imageDigest.startsWith(`${version}@`))
    place.add(
      "imageDigest",
      imageDigest,
      `must be of controller.version (${version}): nodes pull by the digest, whatever the tag says`,
      `Write ${version}@ and that image's digest`,
    );
};

export const controller = group(controllerKeys, [newEnough, digestOfVersion]);
