/** A certificate that nobody has signed but itself, for a listener of the sandbox that ends TLS. */
import { webcrypto } from "node:crypto";
import { loadX509 } from "./x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const days = 365;

export interface SelfSigned {
  /** PEM, both. */
  readonly privateKey: string;
  readonly certificate: string;
}

export async function selfSigned(...names: readonly string[]): Promise<SelfSigned> {
  const x509 = loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString("hex"),
    name: "CN=sandbox",
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + days * 86_400_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value })))],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
  };
}
