/** What `plan` prints for people. Pure. */
import type { UpgradePlan } from "../commands/plan";
import { describeWebhook } from "../planning/hooks";
import { percentOf } from "../planning/shares";
import { typed } from "../text/command-line";
import { noBreak, wrap } from "../text/wrap";
import { bare, roughly, table } from "./format";
import { ownLines } from "./own-resources";
import { standing } from "./placement";
import { stepTitle } from "./step-title";
import { askedWhere, type Asked } from "./surroundings";

/** With what takes the time, where there is room for it. */
function stepLines({ steps, times }: UpgradePlan, width: number): string[] {
  const rows = steps.map((step, index) => {
    const time = times[index];
    const number = `  ${String(index + 1).padStart(2)}. ${stepTitle(step)}`;
    return time === undefined ? [number, "", ""] : [number, roughly(time.seconds), time.what];
  });
  const whole = table(rows, [false, true]);
  if (whole.every((line) => bare(line).length <= width)) return whole;
  const short = table(
    rows.map((row) => row.slice(0, 2)),
    [false, true],
  );
  if (short.every((line) => bare(line).length <= width)) return short;
  const after = (time: string): string => (time === "" ? "" : `: ${time.replaceAll(" ", noBreak)}`);
  return rows.flatMap(([title = "", time = ""]) => wrap(`${title}${after(time)}`, width, "      "));
}

/** What is run around the steps, by the number of the step. */
function hookLines({ hooks = [], steps }: UpgradePlan, width: number): string[] {
  if (hooks.length === 0) return [];
  return [
    "",
    "Hooks (of the config, run again when they fail or are interrupted):",
    ...hooks.flatMap(({ step, name, at, command, webhook }) => {
      const of = steps[step];
      const member = of?.type === "move" ? ` ${of.member}` : "";
      const what = webhook === undefined ? command.join(" ") : describeWebhook(webhook);
      return wrap(`  ${String(step + 1).padStart(2)}. ${at}${member}: ${name}: ${what}`, width, "      ");
    }),
  ];
}

/** Why a member of the wanted version is replaced. */
const outdatedLines = ({ outdated = {} }: UpgradePlan, width: number): string[] =>
  Object.entries(outdated).flatMap(([name, differences]) =>
    wrap(
      `${name} was made with other settings than the config has now: ${differences
        .map(({ path, made, wanted }) => `${path} ${JSON.stringify(made)}, wanted ${JSON.stringify(wanted)}`)
        .join("; ")}`,
      width,
      "  ",
    ),
  );

/**
 * What a bad member can do, step by step: its part of the requests, and for how long. The product is how many seconds'
 * worth of all requests that is.
 */
function riskLines({ atRisk = [], steps }: UpgradePlan, width: number): string[] {
  const first = atRisk[0];
  if (first === undefined) return [];
  const rows = atRisk.map(({ step, member, part, seconds }) => [
    `  ${String(step + 1).padStart(2)}.`,
    `${member} ${percentOf(part)}`,
    `as many as all requests of ${roughSeconds(part * seconds)}`,
  ]);
  const lasts = steps.some((step) => step.type === "move" && step.kind === "retire");
  return [
    "",
    ...wrap(
      `A member that turns out to be bad gets its part for at most ${roughSeconds(first.seconds)} more (a gate sees it, ` +
        "the weights of before are written, the load balancer's nodes follow):",
      width,
      "",
    ),
    ...table(rows, [true]),
    ...wrap(
      `What no check sees is not taken back by itself: eks-blue-green rollback does it${lasts ? ", until a member is destroyed" : ""}.`,
      width,
      "",
    ),
  ];
}

/** `45 s`, `3 min`: never less than it is, because it is said as a bound. */
const roughSeconds = (value: number): string => (value < 90 ? `${Math.ceil(value)} s` : `${Math.ceil(value / 60)} min`);

function totalLines(plan: UpgradePlan & Asked, width: number): string[] {
  const { times, asksForApproval, waitsForExternal, surroundings } = plan;
  const total = roughly(times.reduce((sum, { seconds }) => sum + seconds, 0));
  const scale = surroundings?.timeScale ?? 1;
  const here = scale === 1 ? "" : ` Here it goes up to ${scale} times as fast.`;
  const approval = asksForApproval ? " It stops before a member is destroyed, until that is approved." : "";
  const external =
    waitsForExternal === undefined
      ? ""
      : ` Before a member is let in it waits until somebody else has deployed ${waitsForExternal.join(", ")} there.`;
  return wrap(
    `About ${total} on AWS. EKS promises none of its times; holds and bakes are as the config says.${external}` +
      `${approval}${here}`,
    width,
    "",
  );
}

/** `width`: of the terminal, in characters. */
export function planLines(plan: UpgradePlan & Asked, width = Infinity): string[] {
  const { environment, underWay } = plan;
  const members = Object.keys(plan.from)
    .sort()
    .map((name) => [`  ${name}`, standing(plan.from, name)]);
  const head = [
    `${environment}: wanted Kubernetes ${plan.wantedVersion}, strategy ${plan.strategy}`,
    ...askedWhere(plan),
    ...table(members),
    ...outdatedLines(plan, width),
    "",
  ];
  if (plan.steps.length === 0)
    return [...head, "Nothing to do.", ...plan.advice.flatMap(({ message, remedy }) => [message, `  → ${remedy}`])];
  const done = underWay === null ? "" : `${underWay.done} of ${underWay.steps.length} steps done`;
  const about =
    underWay === null
      ? "The upgrade would:"
      : `Under way (${underWay.direction === "back" ? "walking back" : done}); left to do:`;
  return [
    ...head,
    about,
    ...stepLines(plan, width),
    ...hookLines(plan, width),
    ...ownLines(plan, width),
    ...riskLines(plan, width),
    "",
    ...totalLines(plan, width),
    "",
    `${underWay === null ? "Do it with: " : "Go on with: "}${typed(environment, plan.command)}`,
  ];
}
