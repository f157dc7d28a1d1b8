/**
 * What Helm keeps of a release in its namespace: a Secret for each revision, with a status. Helm killed in the middle
 * leaves `pending-install`, `pending-upgrade`, `pending-rollback` or `uninstalling`, and from then on refuses every
 * upgrade ("another operation is in progress") and every new installation of that name. Stopped by a signal it would
 * have written `failed`, which the next upgrade starts from: that is written here in its place.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { DriverError } from "../../errors";
import { getList } from "./client";
import { shell } from "../../text/shell";
import type { ApiServer } from "./kubeconfig";
import { patch } from "./patch";
import { isObject } from "../../../components/internal/plain-object";

interface HelmSecret {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: { readonly release?: string };
}
interface HelmRelease {
  readonly info?: {
    readonly status?: string;
    readonly description?: string;
    readonly last_deployed?: string;
    /** When an uninstallation began; empty before. */
    readonly deleted?: string;
  };
}

const unfinished = /^(pending-install|pending-upgrade|pending-rollback|uninstalling)$/;
/** A revision may be written once more between reading and writing it. */
const mostTries = 5;

/** Of one record, unpacked. A Secret holds 1 MiB at most; a few bytes may be made to unpack to gigabytes. */
const mostBytes = 32 * 1024 * 1024;

/** Helm's text of a release: gzip in base64, and once more in the Secret's own base64. */
export function decodeRelease(data: string): HelmRelease {
  const packed = Buffer.from(Buffer.from(data, "base64").toString("utf8"), "base64");
  const isPacked = packed[0] === 0x1f && packed[1] === 0x8b;
  const text = isPacked ? gunzipSync(packed, { maxOutputLength: mostBytes }) : packed;
  const release: unknown = JSON.parse(text.toString("utf8"));
  if (!isObject(release) || !isObject(release["info"] ?? {})) throw new TypeError("no release of Helm's");
  return release;
}
export function encodeRelease(release: object): string {
  return Buffer.from(gzipSync(JSON.stringify(release)).toString("base64"), "utf8").toString("base64");
}

const revisionOf = ({ metadata }: HelmSecret): number => Number(metadata.labels?.["version"] ?? 0);

interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What can't be read is not shown: values of a chart may be secrets. @throws EBG-KUBERNETES */
function readable({ member }: ApiServer, { namespace, name }: ReleaseName, data: string): HelmRelease {
  try {
    return decodeRelease(data);
  } catch {
    throw new DriverError(
      "EBG-KUBERNETES",
      `${member}: Helm's record of ${namespace}/${name} can't be read: it is not what Helm writes, or larger than ` +
        `${mostBytes / 1024 / 1024} MiB`,
      shell`find out who wrote it: kubectl get secrets -n ${namespace} -l ${`owner=helm,name=${name}`}`,
    );
  }
}

/** An uninstallation leaves the time of the last deployment as it was. Invalid where what is written is no time. */
const begunAt = ({ info }: { readonly info?: HelmRelease["info"] }, status: string): Date =>
  new Date((status === "uninstalling" && info?.deleted) || info?.last_deployed || 0);

const since = (begun: Date): string => (Number.isNaN(begun.getTime()) ? "an unknown time" : begun.toISOString());

/**
 * The status that the newest revision had when it was not at its end; null: nothing was to be done.
 * @param isOver whether whoever began it can't be at work any more. Default: it is known
 * @throws EBG-KUBERNETES also when somebody may still be at work
 */
export async function endInterruptedRelease(
  server: ApiServer,
  { namespace, name }: ReleaseName,
  isOver: (begun: Date) => boolean = () => true,
): Promise<string | null> {
  const secrets = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const ours = encodeURIComponent(`owner=helm,name=${name}`);
  for (let tries = 1; ; tries += 1) {
    const revisions = await getList<HelmSecret>(server, `${secrets}?labelSelector=${ours}`);
    const newest = [...revisions].sort((a, b) => revisionOf(b) - revisionOf(a))[0];
    const data = newest?.data?.release;
    if (newest === undefined || data === undefined) return null;
    const release = readable(server, { namespace, name }, data);
    const status = String(release.info?.status ?? "");
    if (!unfinished.test(status)) return null;
    const begun = begunAt(release, status);
    if (!isOver(begun))
      throw new DriverError(
        "EBG-KUBERNETES",
        `${server.member}: somebody's Helm may still work on ${namespace}/${name} (${status} since ${since(begun)})`,
        `let it end (${shell`helm history ${name} -n ${namespace}`}), then run the same command again`,
      );
    const info = { ...release.info, status: "failed", description: `interrupted: the process was killed at ${status}` };
    const { resourceVersion } = newest.metadata;
    const ended = {
      metadata: { resourceVersion, labels: { status: "failed" } },
      data: { release: encodeRelease({ ...release, info }) },
    };
    const path = `${secrets}/${encodeURIComponent(newest.metadata.name)}`;
    if ((await patch(server, path, "merge-patch", ended)) === "patched") return status;
    if (tries >= mostTries)
      throw new DriverError(
        "EBG-KUBERNETES",
        `${server.member}: Helm's record of ${namespace}/${name} changes all the time`,
        `look who works on it (${shell`helm history ${name} -n ${namespace}`}), then run the same command again`,
      );
  }
}
