/** Parsing of the sandbox's flags: pure, each error names the flag, what was given and what is allowed. */
import { InvalidArgumentError } from "commander";
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { leadsOut } from "../../../sandbox/shared/kept-environment";

export function parseTimeScale(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1 || value > 600)
    throw new InvalidArgumentError(`'${text}' is not a number from 1 to 600.`);
  return value;
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(`'${text}' is not a whole number from 1.`);
  return value;
}

const providerNames = ["aws", "eks", "kubernetes"];

export function parseProviders(text: string, before: Record<string, string>): Record<string, string> {
  const [name, ...rest] = text.split("=");
  const path = rest.join("=");
  if (!name || !path || !providerNames.includes(name))
    throw new InvalidArgumentError(`'${text}' is not NAME=PATH with NAME one of ${providerNames.join(", ")}.`);
  return { ...before, [name]: resolve(path) };
}

export function parsePassEnv(text: string, before: readonly string[]): readonly string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) throw new InvalidArgumentError(`'${text}' is no name of a variable.`);
  if (leadsOut.test(text))
    throw new InvalidArgumentError(`${text} leads out of the sandbox; variables of its kind are never passed on.`);
  return [...before, text];
}

/**
 * A program and its first arguments. It runs in the sandbox's folder: files that are named from here (`./controller`,
 * `node dist/main.js`) are found all the same.
 */
export function parseAttach(text: string): string[] {
  const words = text.split(" ").filter((word) => word !== "");
  if (words.length === 0) throw new InvalidArgumentError("it names no program.");
  return words.map((word) => (word.includes("/") && !isAbsolute(word) && existsSync(word) ? resolve(word) : word));
}
