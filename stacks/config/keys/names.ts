/** Forms of names that several keys share. */
import { plainName } from "../../shared/plain-name";
import { text } from "../declare/form";

/** Longest name of an environment, member or service: they become parts of names of at most 32 characters. */
const longestName = 32;

export const plainNameRule =
  "must be lower-case letters, digits and dashes, begin with a letter, end in no dash, and have at most " +
  `${longestName} characters`;

/** Name of a member, service or environment. */
export const nameText = (remedy: string) =>
  text({
    pattern: plainName,
    rule: plainNameRule,
    remedy,
    range: `lower-case letters, digits and dashes, at most ${longestName} characters`,
  });

/** One label of Kubernetes' names: of namespaces, Services and the like. */
export const labelPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A DNS subdomain, as most objects of Kubernetes are named. */
export const objectNamePattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

export const objectName = () =>
  text({
    pattern: objectNamePattern,
    rule: "must be the name of a Kubernetes object",
    remedy: "Write lower-case letters, digits and dashes",
  });
