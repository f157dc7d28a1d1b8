/**
 * An Application Load Balancer whose target groups all members share: two services share an HTTPS port by path, and a
 * member's part of the requests is that of its targets. There, back, and there again.
 */
import type { DriverEvent } from "../../../events";
import { DriverError } from "../../../errors";
import { exitCodes } from "../../exit-codes";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import { isAsWanted, type MeasuredShares, partsOf, sharesText } from "../share-meter";
import type { RehearsalStage, Seen } from "../stage";
import { redirects } from "./https-redirect";
import { exampleConfig } from "./own-project";
import { verifyIsGood } from "./tutorial-checks";

const versions = ["1.34", "1.35"] as const;
const title = "shared target groups, Application Load Balancer";

/** The example's traffic is weighted; all else of it stays. */
function asShared({ project }: RehearsalStage): void {
  project.set(["traffic"], undefined);
  project.set(["rollout", "steps"], undefined);
  project.set(["rollout", "stepSeconds"], undefined);
}

/** Counts the answers of the first bake, in which both members serve with as many targets each. */
class BesideMeter {
  measured: MeasuredShares | null = null;
  private before: Readonly<Record<string, number>> | null = null;

  constructor(private readonly counts: () => Readonly<Record<string, number>>) {}

  readonly onEvent = (event: DriverEvent): void => {
    if (this.measured !== null) return;
    if (event.kind === "step-started" && event.step.type === "bake") this.before = this.counts();
    if (event.kind !== "step-finished" || event.step.type !== "bake") return;
    const before = this.before ?? {};
    const counted = Object.fromEntries(
      Object.entries(this.counts()).map(([member, n]) => [member, n - (before[member] ?? 0)]),
    );
    const answers = Object.values(counted).reduce((sum, one) => sum + one, 0);
    this.measured = { wanted: { blue: 0.5, green: 0.5 }, seen: partsOf(counted), answers };
  };
}

const areEven = ({ measured }: BesideMeter): Promise<Seen> =>
  Promise.resolve(
    measured === null
      ? { holds: false, seen: "there was no bake with both" }
      : { holds: isAsWanted(measured), seen: sharesText(measured) },
  );

/** The upgrade that waits for its approval at the end: the old member stands by. */
async function untilApproval(
  stage: RehearsalStage,
  args: readonly string[],
  onEvent?: (event: DriverEvent) => void,
): Promise<void> {
  const code = await stage.drive(args, onEvent);
  if (code !== exitCodes.stopped)
    throw new DriverError(
      "EBG-UPDATE-FAILED",
      `\`eks-blue-green ${args.join(" ")}\` ended with ${code}, not with ${exitCodes.stopped}: it should wait for ` +
        "the approval",
      "run with --keep to look at the sandbox and its logs",
    );
}

async function perform(stage: RehearsalStage): Promise<Ending> {
  const [from, to] = versions;
  asShared(stage);
  stage.project.setVersion(from);
  await stage.step("deploy dev: two services behind one HTTPS listener", () => stage.mustDrive(["up"]));
  await stage.beginLoad(2);
  await stage.claim("", "plain HTTP is sent on to HTTPS", () => redirects(stage.info));
  stage.project.setVersion(to);
  const meter = new BesideMeter(() => stage.answers().all);
  await stage.step(`upgrade ${from} → ${to}: green takes over, blue stands by until the approval`, () =>
    untilApproval(stage, ["upgrade"], meter.onEvent),
  );
  await stage.claim("", "while both served, each had half of the answers", () => areEven(meter), 0);
  await stage.claim("", "green serves both services, and all that can be verified holds", () => verifyIsGood(stage));
  await stage.step(`rollback: blue serves with ${from} again`, () => stage.mustDrive(["rollback"]));
  await stage.claim("", "blue serves both services, and all that can be verified holds", () => verifyIsGood(stage));
  await stage.step(`upgrade once more: blue is drained and destroyed`, () =>
    stage.mustDrive(["upgrade", "--retry-version", "--approve-retire"]),
  );
  await stage.claim("", "green alone is left, and all that can be verified holds", () => verifyIsGood(stage), 30);
  await stage.endLoad();
  return { driverExitCode: 0, message: "done: there, back, and there again" };
}

export const albShared: Scenario = {
  name: "alb-shared",
  summary:
    "an Application Load Balancer whose target groups all members share: upgrade, the way back, and the upgrade again",
  plan: (options): Act => {
    refuseOptions("alb-shared", { "--from": options.from, "--to": options.to, "--fault": options.faults });
    return { title, project: exampleConfig("weighted"), perform };
  },
};
