/** Forms of names that several keys share. */
import { labelName, objectName as objectNameForm, plainName } from "../../shared/plain-name";
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

export const labelPattern = labelName;
export const objectNamePattern = objectNameForm;

export const objectName = () =>
  text({
    pattern: objectNamePattern,
    rule: "must be the name of a Kubernetes object",
    remedy: "Write lower-case letters, digits and dashes",
  });
