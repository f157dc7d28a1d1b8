/** Parsing of the sandbox's flags: pure, each error names the flag, what was given and what is allowed. */
import { InvalidArgumentError } from "commander";
import { resolve } from "node:path";

export function parseTimeScale(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1 || value > 600) throw new InvalidArgumentError(`'${text}' is not a number from 1 to 600.`);
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
  if (!name || !path || !providerNames.includes(name)) throw new InvalidArgumentError(`'${text}' is not NAME=PATH with NAME one of ${providerNames.join(", ")}.`);
  return { ...before, [name]: resolve(path) };
}
