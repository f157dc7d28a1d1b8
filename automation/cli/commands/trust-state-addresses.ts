import { Option } from "commander";

/** Of every command that asks the members' clusters. */
export const trustStateAddressesOption = (): Option =>
  new Option(
    "--trust-state-addresses",
    "while EKS fails to tell where a cluster's API server is, use the address and CA in the state; whoever can write " +
      "the state then chooses who gets the driver's token",
  ).default(false);
