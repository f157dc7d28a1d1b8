/** `--steps`: how requests go over in one run, instead of as the config says. */
import { InvalidArgumentError, Option } from "commander";
import type { UpgradeOptions } from "../../index";

/** As options of the driver. */
export const stepsOf = ({ steps }: { readonly steps?: readonly number[] }): Pick<UpgradeOptions, "steps"> =>
  steps === undefined ? {} : { steps };

/** @throws InvalidArgumentError */
export function percents(text: string): readonly number[] {
  const list = text.split(",").map((one) => (/^ *\d+ *$/.test(one) ? Number(one) : Number.NaN));
  const ascending = list.every((percent, index) => percent > (list[index - 1] ?? 0));
  if (!ascending || list.at(-1) !== 100)
    throw new InvalidArgumentError("must be ascending whole percents, the last one 100, like 1,10,50,100.");
  return list;
}

/** Of `upgrade` and `plan`. */
export const stepsOption = (): Option =>
  new Option(
    "--steps <percents>",
    "only with traffic: weighted: percents of the requests that go over step by step, like 1,10,50,100; default: " +
      "rollout.steps of the config. One that is under way keeps its steps",
  ).argParser(percents);
