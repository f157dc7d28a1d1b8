/**
 * Weighted traffic: an upgrade that moves requests (or connections) in steps, whose shares are counted in the answers
 * after each step; then a new member that answers errors, which the first step turns back.
 */
import { join } from "node:path";
import { ControlClient } from "../../../../sandbox/client/control-client";
import type { LoadSummary } from "../../../../sandbox/contract";
import { DriverError } from "../../../errors";
import { exitCodes } from "../../exit-codes";
import { beginLoad, waitUntilAllServe } from "../load";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import { isAsWanted, ShareMeter, sharesText } from "../share-meter";
import type { RehearsalStage, Seen } from "../stage";
import { redirects } from "./https-redirect";
import { exampleConfig } from "./own-project";
import { verifyIsGood } from "./tutorial-checks";
import { weightsAre } from "./weights-in-aws";

type Type = "network" | "application";

/** Both services have a route: a listener each, or a listener and a rule. */
const routes = 2;
const versions = ["1.34", "1.35", "1.36"] as const;
const steps = [10, 50, 100];
/** Of the answers while the bad member comes and goes; at the first step it has a tenth. */
const mostHarm = 0.2;

/** The example has an ALB that ends TLS. Its services share a port by path, which a network load balancer can't. */
function asNetwork(stage: RehearsalStage): void {
  stage.project.set(["loadBalancer", "type"], "network");
  stage.project.set(["loadBalancer", "https"], undefined);
  stage.project.set(["services", 0, "port"], 80);
  stage.project.set(["services", 1, "match"], undefined);
  stage.project.set(["services", 1, "port"], 81);
}

async function perform(stage: RehearsalStage, type: Type): Promise<Ending> {
  if (type === "network") asNetwork(stage);
  await serveFromBlue(stage, type);
  await upgradeInSteps(stage, type);
  await stage.claim("", "all that can be verified holds", () => verifyIsGood(stage), 30);
  await stage.endLoad();
  await badMemberIsTurnedBack(stage);
  return { driverExitCode: 0, message: "done; the bad member was turned back at its first step" };
}

async function serveFromBlue(stage: RehearsalStage, type: Type): Promise<void> {
  stage.project.setVersion(versions[0]);
  await stage.step("deploy dev: blue has all the weight, green's groups are there at 0", () => stage.mustDrive(["up"]));
  await stage.beginLoad(2);
  if (type === "application") await stage.claim("", "plain HTTP is sent on to HTTPS", () => redirects(stage.info));
  await stage.claim("", "every route sends all to blue and names green at 0", () =>
    weightsAre(stage, routes, { blue: 100, green: 0 }),
  );
}

async function upgradeInSteps(stage: RehearsalStage, type: Type): Promise<void> {
  stage.project.setVersion(versions[1]);
  // A network load balancer divides connections: those that are kept stay where they are.
  const meter = new ShareMeter(() => (type === "network" ? stage.answers().fresh : stage.answers().all));
  await stage.step(
    `upgrade: ${steps.map((percent) => `${percent} %`).join(", ")}, then blue is drained and retired`,
    () => stage.mustDrive(["upgrade", "--approve-retire"], meter.onEvent),
  );
  for (const [index, percent] of steps.entries())
    await stage.claim(
      "",
      `at the step of ${percent} % green had its share of the answers`,
      () => shareWas(meter, index, percent),
      0,
    );
  await stage.claim("", "every route sends all to green and names blue at 0", () =>
    weightsAre(stage, routes, { blue: 0, green: 100 }),
  );
}

function shareWas(meter: ShareMeter, index: number, percent: number): Promise<Seen> {
  const measured = meter.measured[index];
  if (measured === undefined)
    return Promise.resolve({ holds: false, seen: `${meter.measured.length} steps were made` });
  const planned = Math.abs((measured.wanted["green"] ?? 0) - percent / 100) < 0.005;
  return Promise.resolve({ holds: planned && isAsWanted(measured), seen: sharesText(measured) });
}

async function badMemberIsTurnedBack(stage: RehearsalStage): Promise<void> {
  stage.project.setVersion(versions[2]);
  const control = new ControlClient(stage.info);
  // Its health checks stay good: only who asks for more than them sees it.
  const fault = { on: "pods", cluster: "dev-blue", service: "web", kind: "answer", status: 500 };
  await control.addFault(fault);
  const entries = await waitUntilAllServe(stage.info, 1, () => undefined, new AbortController().signal);
  const ledger = join(stage.info.dir, "rehearsal", "ledger-bad-member.ndjson");
  const load = await beginLoad(stage.info, entries, stage.rate, ledger, () => undefined);
  let harm: LoadSummary;
  try {
    await stage.step("upgrade to a member that answers errors: the first step shows it, and green has all again", () =>
      walksBack(stage),
    );
  } finally {
    harm = await load.stop();
    await control.clearFaults();
  }
  await stage.claim("", "only the bad member's requests failed, and few", () => Promise.resolve(harmOf(harm)), 0);
  await stage.claim("", "every route sends all to green again", () =>
    weightsAre(stage, routes, { blue: 0, green: 100 }),
  );
}

async function walksBack(stage: RehearsalStage): Promise<void> {
  const code = await stage.drive(["upgrade"]);
  if (code !== exitCodes.walkedBack)
    throw new DriverError(
      "EBG-UPDATE-FAILED",
      `\`eks-blue-green upgrade\` ended with ${code}, not with ${exitCodes.walkedBack}: the bad member was not turned back`,
      "run with --keep to look at the sandbox and its logs",
    );
}

function harmOf({ sent, failed, failedByMember, void: starved }: LoadSummary): Seen {
  const others = Object.entries(failedByMember).filter(([member]) => member !== "blue");
  const ofBlue = failedByMember["blue"] ?? 0;
  return {
    holds: !starved && ofBlue > 0 && failed === ofBlue && failed / sent <= mostHarm,
    seen:
      `${failed} of ${sent} requests failed, ${ofBlue} of them at blue` +
      others.map(([member, count]) => `, ${count} at ${member}`).join(""),
  };
}

function scenario(type: Type, title: string, summary: string): Scenario {
  const name = type === "network" ? "nlb-weighted" : "alb-weighted";
  return {
    name,
    summary,
    plan: (options): Act => {
      refuseOptions(name, { "--from": options.from, "--to": options.to, "--fault": options.faults });
      const project = exampleConfig("weighted");
      // Its listeners of a network load balancer speak no TLS: see asNetwork.
      const plain = type === "network" ? { overTls: false } : {};
      return { title, project, ...plain, perform: (stage) => perform(stage, type) };
    },
  };
}

export const albWeighted = scenario(
  "application",
  "requests in steps, Application Load Balancer",
  "an Application Load Balancer whose weights move requests in steps; then a new member that answers errors",
);
export const nlbWeighted = scenario(
  "network",
  "connections in steps, Network Load Balancer",
  "a Network Load Balancer whose weights move connections in steps; then a new member that answers errors",
);
