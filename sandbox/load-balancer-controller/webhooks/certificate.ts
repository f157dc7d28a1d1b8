/** A self-signed authority with one server certificate for 127.0.0.1; lives as long as the process. */
import { webcrypto } from "node:crypto";
import { loadX509 } from "../../shared/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

export interface WebhookCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** Base64 of the authority's PEM, as webhook configurations carry it. */
  readonly caBundle: string;
}

export async function createWebhookCertificate(): Promise<WebhookCertificate> {
  const x509 = loadX509();
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 365 * DAY_MS) };
  const [authorityKeys, keys] = await Promise.all([
    webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]),
    webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]),
  ]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=aws-load-balancer-controller-ca",
    ...validity,
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "02",
    subject: "CN=aws-load-balancer-controller",
    issuer: authority.subject,
    ...validity,
    signingKey: authorityKeys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
      new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
    ],
  });
  const keyPem = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return {
    certPem: certificate.toString("pem"),
    keyPem,
    caBundle: Buffer.from(`${authority.toString("pem")}\n`).toString("base64"),
  };
}
