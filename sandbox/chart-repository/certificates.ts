/** An authority that the provider alone believes, and certificates of it for the hosts that it asks for charts. */
import type * as X509 from "@peculiar/x509";
import { randomBytes, webcrypto } from "node:crypto";
import { loadX509 } from "../shared/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
const validity = () => ({ notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + 365 * dayMs) });
const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
/** Positive whatever is drawn. */
const serialNumber = (): string => `7${randomBytes(12).toString("hex").slice(1)}`;

export interface HostCertificate {
  readonly cert: string;
  readonly key: string;
}

export class HostCertificates {
  private readonly made = new Map<string, Promise<HostCertificate>>();

  private constructor(
    private readonly authority: X509.X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  static async create(): Promise<HostCertificates> {
    const x509 = loadX509();
    const keys = await newKeys();
    const authority = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: "CN=eks-blue-green sandbox charts",
      ...validity(),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      ],
    });
    return new HostCertificates(authority, keys);
  }

  /** What who shall believe these hosts must know, as PEM. */
  get authorityPem(): string {
    return `${this.authority.toString("pem")}\n`;
  }

  /** The host's certificate; made when it is asked for first. */
  of(host: string): Promise<HostCertificate> {
    const known = this.made.get(host) ?? this.make(host);
    this.made.set(host, known);
    return known;
  }

  private async make(host: string): Promise<HostCertificate> {
    const x509 = loadX509();
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: "CN=eks-blue-green sandbox",
      issuer: this.authority.subject,
      ...validity(),
      signingKey: this.keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
        new x509.SubjectAlternativeNameExtension([{ type: /^[\d.]+$/.test(host) ? "ip" : "dns", value: host }]),
      ],
    });
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { cert: `${certificate.toString("pem")}\n`, key: `${key}\n` };
  }
}
