/**
 * The certificates of one cluster: an authority, the API server's, its kubelets', an administrator's, and the key that
 * signs service accounts' tokens.
 */
import type * as X509 from "@peculiar/x509";
import { mkdirSync, writeFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { join } from "node:path";
import { loadX509 } from "../shared/x509";

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const days = 365;

export interface ClusterCertificates {
  readonly caFile: string;
  /** Base64 of the PEM, as kubeconfigs and EKS carry it. */
  readonly caData: string;
  readonly servingCertFile: string;
  readonly servingKeyFile: string;
  readonly adminCertData: string;
  readonly adminKeyData: string;
  readonly kubeletCertFile: string;
  readonly kubeletKeyFile: string;
  /** With which the API server asks kubelets. */
  readonly kubeletClientCertFile: string;
  readonly kubeletClientKeyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly serviceAccountPublicKeyFile: string;
}

type Usage = "server" | "client";
const usageOid: Record<Usage, string> = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * 86_400_000) };
}

function serialNumber(): string {
  return Buffer.from(webcrypto.getRandomValues(new Uint8Array(12)))
    .toString("hex")
    .replace(/^[89a-f]/, "7");
}

async function keyPem(key: CryptoKey): Promise<string> {
  const x509 = loadX509();
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY") + "\n";
}

interface Authority {
  readonly certificate: X509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

async function createAuthority(clusterName: string): Promise<Authority> {
  const x509 = loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${clusterName}-ca`,
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
    ],
  });
  return { certificate, keys };
}

async function issue(
  authority: Authority,
  subject: string,
  usages: readonly Usage[],
  names: X509.JsonGeneralNames = [],
): Promise<{ cert: string; key: string }> {
  const x509 = loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: authority.certificate.subject,
    ...validity(),
    signingKey: authority.keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(usages.map((usage) => usageOid[usage])),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate, false, webcrypto),
    ],
  });
  return { cert: certificate.toString("pem") + "\n", key: await keyPem(keys.privateKey) };
}

const writerIn =
  (dir: string) =>
  (name: string, text: string): string => {
    const file = join(dir, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

/** With which etcd knows its clients, and they know it: whoever reaches it without one gets nothing. */
export interface EtcdCertificates {
  readonly caFile: string;
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

export async function createEtcdCertificates(dir: string): Promise<EtcdCertificates> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const authority = await createAuthority("etcd");
  const [server, client] = await Promise.all([
    // etcd calls itself with it as well.
    issue(authority, "CN=etcd", ["server", "client"], [{ type: "ip", value: "127.0.0.1" }]),
    issue(authority, "CN=kube-apiserver", ["client"]),
  ]);
  const write = writerIn(dir);
  return {
    caFile: write("ca.crt", authority.certificate.toString("pem") + "\n"),
    serverCertFile: write("server.crt", server.cert),
    serverKeyFile: write("server.key", server.key),
    clientCertFile: write("client.crt", client.cert),
    clientKeyFile: write("client.key", client.key),
  };
}

/** Makes all of them anew in `dir`. `serviceAddress` is the ClusterIP of the `kubernetes` Service. */
export async function createCertificates(
  dir: string,
  clusterName: string,
  serviceAddress: string,
): Promise<ClusterCertificates> {
  const x509 = loadX509();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const authority = await createAuthority(clusterName);
  const names: X509.JsonGeneralNames = [
    { type: "ip", value: "127.0.0.1" },
    { type: "ip", value: serviceAddress },
    ...[
      "localhost",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ].map((value) => ({ type: "dns" as const, value })),
  ];
  const [serving, kubelet, kubeletClient, admin, serviceAccount] = await Promise.all([
    issue(authority, "CN=kube-apiserver", ["server"], names),
    issue(authority, "O=system:nodes, CN=system:node:sandbox", ["server"], [{ type: "ip", value: "127.0.0.1" }]),
    issue(authority, "CN=kube-apiserver-kubelet-client", ["client"]),
    issue(authority, "O=system:masters, CN=sandbox-admin", ["client"]),
    webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]).then(async (keys) => ({
      key: await keyPem(keys.privateKey),
      publicKey:
        x509.PemConverter.encode(await webcrypto.subtle.exportKey("spki", keys.publicKey), "PUBLIC KEY") + "\n",
    })),
  ]);
  const write = writerIn(dir);
  const caPem = authority.certificate.toString("pem") + "\n";
  return {
    caFile: write("ca.crt", caPem),
    caData: Buffer.from(caPem).toString("base64"),
    servingCertFile: write("serving.crt", serving.cert),
    servingKeyFile: write("serving.key", serving.key),
    kubeletCertFile: write("kubelet.crt", kubelet.cert),
    kubeletKeyFile: write("kubelet.key", kubelet.key),
    kubeletClientCertFile: write("kubelet-client.crt", kubeletClient.cert),
    kubeletClientKeyFile: write("kubelet-client.key", kubeletClient.key),
    adminCertData: Buffer.from(admin.cert).toString("base64"),
    adminKeyData: Buffer.from(admin.key).toString("base64"),
    serviceAccountKeyFile: write("service-account.key", serviceAccount.key),
    serviceAccountPublicKeyFile: write("service-account.pub", serviceAccount.publicKey),
  };
}
