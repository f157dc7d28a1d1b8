/** How a stack is named: the environment's as the environment, a member's `ENVIRONMENT-MEMBER`. */
import type { StackRef } from "../ports";

export const stackName = (environment: string, stack: StackRef): string =>
  stack.kind === "environment" ? environment : `${environment}-${stack.member}`;
