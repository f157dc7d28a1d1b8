import { Option } from "commander";

/** Of every command that asks the members' clusters. */
export const allowExecOption = (): Option =>
  new Option(
    "--allow-exec",
    "sign in to clusters also with commands that a kubeconfig in the state names; without it only with EKS tokens",
  ).default(false);
