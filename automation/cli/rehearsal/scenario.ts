/** What a scenario is: checked before anything is started, then performed on a stage. */
import { DriverError } from "../../errors";
import type { ForeignProject, InspectedProject } from "./project-copy";
import type { RehearsalOptions } from "./options";
import type { RehearsalStage } from "./stage";

/** A scenario for given options: everything that can be refused was refused. */
export interface Act {
  /** Headline of the summary. */
  readonly title: string;
  /** The program and the config under rehearsal. */
  readonly project: InspectedProject;
  /** Whether its requests go over TLS, where a machine can send fewer of them. Default: as the config says. */
  readonly overTls?: boolean;
  /** A second program, which is somebody else's. */
  readonly others?: ForeignProject;
  /** Performs it; answers how it ended. What must hold is claimed through the stage. */
  readonly perform: (stage: RehearsalStage) => Promise<Ending>;
}

export interface Ending {
  /** Of the driver's last command; 0: done. */
  readonly driverExitCode: number | null;
  readonly message: string;
}

export interface Scenario {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** @throws DriverError before anything is started */
  readonly plan: (options: RehearsalOptions) => Act;
}

/** Options that only mean something to `upgrade`. @throws EBG-CONFIG */
export function refuseOptions(scenario: string, given: Readonly<Record<string, unknown>>): void {
  const names = Object.entries(given)
    .filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name);
  if (names.length > 0)
    throw new DriverError(
      "EBG-CONFIG",
      `${names.join(", ")} can't be combined with --scenario ${scenario}`,
      "leave it out: only the scenario upgrade takes it",
    );
}
