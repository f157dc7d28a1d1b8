/** Descriptions of AWS resources, purely. AWS refuses other characters when the call is made: no preview shows it. */

/**
 * EC2's set for security groups and their rules, without `&`, which a rule between two groups can't have, and the
 * longest description. API reference CreateSecurityGroup, IpRange, UserIdGroupPair; 2026-11-30.
 */
export const groupDescription = { characters: /^[a-zA-Z0-9. _:/()#,@[\]+=;{}!$*-]*$/, most: 255 } as const;

/**
 * A description that EC2 takes for a security group or a rule: what EC2 refuses becomes a dash, and what is too long is
 * cut. A text that fits stays as it is, so that nothing changes on what is deployed (a group is replaced for its
 * description).
 */
export function describeForEc2(text: string): string {
  return Array.from(text, (character) => (groupDescription.characters.test(character) ? character : "-"))
    .join("")
    .slice(0, groupDescription.most);
}
