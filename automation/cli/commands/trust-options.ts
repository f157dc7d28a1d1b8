/** How far a command that asks the members' clusters may believe the state. */
import { Option } from "commander";

export interface TrustFlags {
  allowExec: boolean;
  trustStateAddresses: boolean;
}

export const allowExecOption = (): Option =>
  new Option(
    "--allow-exec",
    "sign in to clusters also with commands that a kubeconfig in the state names; without it only with EKS tokens",
  ).default(false);

export const trustStateAddressesOption = (): Option =>
  new Option(
    "--trust-state-addresses",
    "while EKS fails to tell where a cluster's API server is, use the address and CA in the state; whoever can write " +
      "the state then chooses who gets the driver's token",
  ).default(false);
