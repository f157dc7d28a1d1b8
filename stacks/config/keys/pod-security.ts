/** `services[].podSecurity`: what a service's pods may do on their node. */
import { oneOf, whole, yesOrNo } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { leftOut, type ValueOf, withDefault } from "../declare/key";

const podSecurityKeys = {
  profile: withDefault(oneOf("restricted", "baseline"), "restricted", {
    doc:
      "`restricted`: pods fit Kubernetes' Pod Security Standard of that name (no root, no capability, no escalation, " +
      "the runtime's seccomp profile). `baseline`: the image's own user and capabilities.",
  }),
  runAsUser: leftOut(
    whole({ least: 1, most: 2_147_483_647, source: "0 is root" }),
    "the image's, which must be a number other than 0",
    {
      doc:
        "User id that the container runs as. Needed where the image names its user by a word, or runs as root though it " +
        "needs not.",
      example: 10001,
    },
  ),
  serviceAccountToken: withDefault(yesOrNo(), false, {
    doc: "Whether pods get a token of the API server: only programs that ask it need one.",
  }),
};

/** What the pods of a service may do: `podSecurity` of the config. */
export interface PodSecurityConfig extends ValueOf<typeof podSecurityKeys> {}

const userOfRestricted: Rule<PodSecurityConfig> = ({ profile, runAsUser }, place) => {
  if (profile === "baseline" && runAsUser !== undefined)
    place.add("runAsUser", runAsUser, "has no meaning with profile baseline", "Remove it, or use profile restricted");
};

export const podSecurity = leftOut(
  group(podSecurityKeys, [userOfRestricted]),
  "the image's user and capabilities, without escalation and with the runtime's seccomp profile; a token",
  {
    doc:
      "What the service's pods may do on their node. `{}` is `restricted`. A change rolls the pods by `up`; an image " +
      "that runs as root is not started then (see docs/explanation/best-practices.md).",
    example: { profile: "restricted", runAsUser: 10001 },
  },
);
