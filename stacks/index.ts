/**
 * The project's `main`: the engine's language host runs it without an argument, the driver runs it inline with a
 * DriverContext.
 */
import * as pulumi from "@pulumi/pulumi";
import { isMemberConfig } from "./config";
import type { DriverContext, StackProgram } from "./contract";
import { environmentProgram } from "./environment/program";
import { memberProgram } from "./member/program";

const program: StackProgram = async (context?: DriverContext) => {
  const values = pulumi.runtime.allConfig();
  return isMemberConfig(values) ? memberProgram(values, context) : environmentProgram(values, context);
};

export = program;
