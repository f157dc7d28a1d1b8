/** One rehearsal from tools to summary: a sandbox of its own, a scenario, load all the while. */
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { startSandbox, stopSandbox } from "../../../sandbox/client/start";
import { describeNotPlayed, notPlayedFile, readNotPlayed } from "../../../sandbox/providers/aws/recorded/not-played";
import { resolveTools } from "../../../sandbox/tools/index";
import { DriverError } from "../../errors";
import type { DriverEvent, EventSink } from "../../events";
import { rehearsalSummary } from "./summary";
import type { Reporter } from "../../report/reporters";
import { stamp } from "../../report/reporters";
import { makeKeptFolder } from "../../adapters/temporary-folders";
import { shellQuote } from "../../text/shell";
import { exitCodes } from "../exit-codes";
import { type RehearsalOptions, usualRates } from "./options";
import { copyProgram, copyProject, speaksHttps } from "./project-copy";
import type { Act, Ending, Scenario } from "./scenario";
import { RehearsalStage, stageOfView } from "./stage";
import { printableRows } from "../../report/edge";

export interface RehearsalResult {
  readonly summary: readonly string[];
  /** True when a request failed, an idle connection was reset, or the load proves nothing. */
  readonly lost: boolean;
  /** True when something that the scenario claims was not seen to hold. */
  readonly refuted: boolean;
  readonly driverExitCode: number | null;
}

/** A rehearsal that ended before its sandbox began leaves an empty folder; a sandbox removes its own. */
function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // gone already, or kept
  }
}

interface Show {
  readonly startedAt: number;
  readonly tell: EventSink;
  readonly relay: (event: DriverEvent) => void;
  readonly signal: AbortSignal;
}

async function openStage(
  act: Act,
  options: RehearsalOptions,
  dir: string,
  { tell, relay, signal, startedAt }: Show,
): Promise<RehearsalStage> {
  const tools = await stageOfView(
    tell,
    "tools",
    (progress) => resolveTools({ providers: options.providers, onProgress: (step) => progress(step.message) }),
    () => "ready",
  );
  const info = await stageOfView(
    tell,
    "sandbox",
    (progress) =>
      startSandbox(
        {
          dir,
          timeScale: options.timeScale,
          lbc: options.lbc,
          attach: options.attach,
          ...(options.passEnv === undefined ? {} : { passEnv: options.passEnv }),
          providers: options.providers,
          region: options.region,
          untilStdinCloses: !options.keep,
        },
        tools,
        (step) => progress(step.message),
      ),
    (started) => `AWS at ${started.awsEndpoint}, ${options.timeScale} times as fast`,
  );
  if (options.lbc === "external" && options.attach.length === 0)
    tell({
      kind: "note",
      message:
        `attach a controller to each cluster as soon as its folder is there: ${join(dir, "lbc")}/CLUSTER/run.sh ` +
        "CONTROLLER (the rehearsal waits for it; or give the program with --attach)",
    });
  // Everything of the rehearsal is in the sandbox's folder, which goes with it, also after a kill -9 of this process.
  mkdirSync(join(dir, "rehearsal"));
  const project = copyProject(act.project, join(dir, "project"));
  const others = join(dir, "others");
  if (act.others !== undefined) copyProgram(act.others, others);
  const overTls = act.overTls ?? speaksHttps(act.project);
  const rate = options.requestsPerSecond ?? (overTls ? usualRates.https : usualRates.http);
  return new RehearsalStage({ info, project, others, options, rate, tell, relay, signal, startedAt });
}

/** Nobody shall take for proved what nothing is behind. */
export function notPlayedLines(counts: Readonly<Record<string, number>>): string[] {
  if (Object.keys(counts).length === 0) return [];
  return [
    `not played   ${describeNotPlayed(counts)}: kept in the stacks with made-up ids, and nothing is behind them; what ` +
      "they do in AWS is not proved",
  ];
}

function summarise(
  act: Act,
  ending: Ending,
  stage: RehearsalStage,
  events: readonly DriverEvent[],
  totalSeconds: number,
): RehearsalResult {
  const { options, figures, claims } = stage;
  const summary = rehearsalSummary(
    printableRows({
      title: act.title,
      ending: { good: ending.driverExitCode === 0, message: ending.message },
      timeScale: options.timeScale,
      events,
      load: figures,
      claims,
      ledgerFile: options.keep ? stage.ledgerFile : null,
      setupSeconds: stage.setupSeconds ?? totalSeconds,
      totalSeconds,
    }),
  );
  const lost = figures === null || figures.failed + figures.idleResets > 0 || figures.void;
  return {
    summary: [
      ...summary,
      ...printableRows([...notPlayedLines(readNotPlayed(notPlayedFile(stage.info.dir))), ...stage.notes]),
    ],
    lost,
    refuted: claims.some(({ holds }) => !holds),
    driverExitCode: ending.driverExitCode,
  };
}

const stoppedAsAsked = (options: RehearsalOptions, cause: unknown): DriverError =>
  new DriverError(
    "EBG-STOPPED",
    "stopped as asked; the rehearsal's sandbox has ended and nothing of it is left",
    `to begin again: eks-blue-green rehearse --stack ${options.environment}`,
    cause,
  );

/** `--keep`: where all is, however the rehearsal ended. */
function keptIn({ info, project }: RehearsalStage): string {
  return (
    `the sandbox is left running, with the project in ${project.directory} and logs in ${join(info.dir, "logs")}; ` +
    `point a shell at it: source ${shellQuote(join(info.dir, "env.sh"))}; ` +
    `end it: eks-blue-green sandbox down --dir ${shellQuote(info.dir)}`
  );
}

export async function rehearse(
  scenario: Scenario,
  options: RehearsalOptions,
  reporter: Reporter,
): Promise<RehearsalResult> {
  const startedAt = Date.now();
  const events: DriverEvent[] = [];
  const record: Reporter = {
    tell: (event) => {
      events.push(event);
      reporter.tell(event);
    },
    end: () => reporter.end(),
  };
  const tell = stamp(record);
  const interrupted = new AbortController();
  // The first asks the driver to stop at a safe point; after a second the sandbox ends by itself, because this process
  // is gone.
  const interrupt = (): void => {
    if (interrupted.signal.aborted) process.exit(exitCodes.stopped);
    tell({ kind: "note", message: "stopping at the next safe point; once more to end at once" });
    interrupted.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const dir = makeKeptFolder();
  let stage: RehearsalStage | null = null;
  try {
    const act = scenario.plan(options);
    stage = await openStage(act, options, dir, { tell, relay: record.tell, signal: interrupted.signal, startedAt });
    const ending = await act.perform(stage);
    await stage.endLoad();
    return summarise(act, ending, stage, events, (Date.now() - startedAt) / 1000);
  } catch (error) {
    // Whatever a stretch of work that was asked to stop ends with, it is no defect.
    if (interrupted.signal.aborted) throw stoppedAsAsked(options, error);
    throw error;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await stage?.endLoad();
    if (!options.keep) await stopSandbox(dir);
    else if (stage !== null) tell({ kind: "note", message: keptIn(stage) });
    removeIfEmpty(dir);
  }
}
