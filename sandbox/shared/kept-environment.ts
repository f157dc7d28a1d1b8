/**
 * What a process of the sandbox, or a program under rehearsal, gets of the environment of whoever starts it: a list of
 * what it may have. A list of what it may not have is never complete: tokens have any name.
 */

/** Where things are and how a terminal looks; nothing that opens a door. */
const harmless =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|TZ|LANG|LANGUAGE|LC_[A-Z_]+|XDG_[A-Z_]+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|COLUMNS|LINES|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|EBG_[A-Z_]+)$/;

/** `pass`: names that somebody asked for besides. */
export function keptEnvironment(base: NodeJS.ProcessEnv, pass: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    Object.entries(base).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (harmless.test(entry[0]) || pass.includes(entry[0])),
    ),
  );
}

/** They lead to real accounts, clusters or backends, or into every Node process: nobody gets them by asking. */
export const leadsOut =
  /^(AWS_|PULUMI_|KUBE|HELM_|EKS_BLUE_GREEN_|HTTPS?_PROXY$|ALL_PROXY$|https?_proxy$|all_proxy$|NODE_OPTIONS$)/;
