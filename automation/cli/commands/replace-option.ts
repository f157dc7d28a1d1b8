/** `--replace`, `--replace-all`: members that are made anew whatever they are. */
import { Option } from "commander";
import type { UpgradeOptions } from "../../index";

export interface ReplaceFlags {
  readonly replace?: string;
  readonly replaceAll?: boolean;
}

/** As options of the driver. */
export const replaceOf = ({ replace, replaceAll }: ReplaceFlags): Pick<UpgradeOptions, "replace"> =>
  replaceAll === true ? { replace: { all: true } } : replace === undefined ? {} : { replace };

/** Of `upgrade` and `plan`. */
export const replaceOptions = (): [Option, Option] => [
  new Option(
    "--replace <member>",
    "make this member anew, though it has the wanted version and settings: a new one takes its place, or, with the " +
      "strategy cycle, it is destroyed and made again while it is out of traffic",
  ),
  new Option("--replace-all", "the same for all members that are in traffic").conflicts("replace"),
];
