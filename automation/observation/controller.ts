import type { ControllerState } from "../ports";

/**
 * Whether it registers and deregisters targets: one pod is enough. `available` asks for all of them, and one of two that
 * starts anew is nothing that keeps the other from its work.
 */
export const controllerRuns = ({ available, running }: ControllerState): boolean => running ?? available;
