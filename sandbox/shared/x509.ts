import type * as X509 from "@peculiar/x509";
import { webcrypto } from "node:crypto";

let loaded: typeof X509 | null = null;

/** Loaded by who makes a certificate, not by every command: it takes a sixth of the time in which one starts. */
export function loadX509(): typeof X509 {
  if (loaded === null) {
    require("reflect-metadata");
    loaded = require("@peculiar/x509") as typeof X509;
    loaded.cryptoProvider.set(webcrypto);
  }
  return loaded;
}
