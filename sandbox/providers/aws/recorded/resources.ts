/**
 * AWS resources that the sandbox does not play: kept with plausible ids, so that a program that makes them can be
 * rehearsed. Nothing is behind them. Each creation is written down, and a rehearsal's summary names and counts them.
 */
import { createHash } from "node:crypto";
import { SandboxError } from "../../../shared/errors";
import {
  autoName,
  differences,
  type Check,
  type Diff,
  type Dynamic,
  type Failure,
  type Props,
  UNKNOWN,
} from "../../rpc/values";
import type { ChangeCall, CheckCall, Created, Target } from "../../stand-in";
import type { NotPlayed } from "./not-played";
import { type PropertyKind, type Shape, shapeOf } from "./shape";

/** What a plausible value is made of. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

const nameKeys = ["name", "bucket", "identifier", "clusterIdentifier", "domainName"];

/** Services whose ARNs name neither region nor account, or no region. */
const withoutBoth = new Set(["s3", "route53"]);
const withoutRegion = new Set(["iam", "cloudfront"]);

/** As AWS forms them: for people to read, and for policies to name. */
function arnOf(type: string, name: string, { region, accountId }: Place): string {
  const [, module = ""] = type.split(":");
  const [service = "", kind = ""] = module.split("/");
  if (withoutBoth.has(service)) return `arn:aws:${service}:::${service === "s3" ? name : `${kind}/${name}`}`;
  const where = withoutRegion.has(service) ? "" : region;
  const what = service === "sqs" || service === "sns" ? name : `${kind}/${name}`;
  return `arn:aws:${service}:${where}:${accountId}:${what}`;
}

const hex = (text: string, length: number): string => createHash("sha256").update(text).digest("hex").slice(0, length);

function plausible(property: string, kind: PropertyKind, type: string, name: string, place: Place): Dynamic {
  switch (kind) {
    case "number":
      return 0;
    case "boolean":
      return false;
    case "list":
      return [];
    case "object":
      return {};
    case "text":
      break;
    default:
      return kind satisfies never;
  }
  if (property === "arn") return arnOf(type, name, place);
  if (property === "region") return place.region;
  if (/^(ownerId|accountId|awsAccountId)$/.test(property)) return place.accountId;
  if (/arn$/i.test(property)) return `${arnOf(type, name, place)}/${property}`;
  if (nameKeys.includes(property)) return name;
  // A name under which nothing can be reached (RFC 2606): nobody's requests may go anywhere by it.
  const host = `${name.toLowerCase().replace(/[^a-z0-9-]/g, "-")}.${place.region}.not-played.invalid`;
  if (/ur[il]$/i.test(property)) return `https://${host}/${name}`;
  if (/(domain|domainName|endpoint|dnsName|fqdn|host|address)$/i.test(property)) return host;
  if (/id$/i.test(property)) return `${property}-${hex(`${name}/${property}`, 17)}`;
  return "";
}

export class RecordedResources {
  constructor(
    private readonly place: () => Promise<Place>,
    private readonly defaultTags: () => Readonly<Record<string, string>>,
    private readonly notPlayed: NotPlayed,
  ) {}

  private shape(type: string): Shape {
    const shape = shapeOf(type);
    if (shape !== null) return shape;
    throw new SandboxError(
      "SBX-PROVIDER-TYPE",
      `the sandbox's stand-in for the aws provider has no ${type}, and neither has the installed @pulumi/aws`,
      "Correct the type, use the official plugin with --provider aws=PATH, or leave this resource out of the rehearsal.",
    );
  }

  check(call: CheckCall): Check {
    const { inputs: allowed, properties } = this.shape(call.type);
    const failures: Failure[] = Object.keys(call.news)
      .filter((key) => !allowed.has(key) && key !== "__defaults")
      .map((property) => ({ property, reason: `${call.type} has no argument ${property}` }));
    const inputs: Record<string, Dynamic> = { ...call.news };
    const named = nameKeys.find((key) => properties[key]?.always === true && allowed.has(key));
    if (named !== undefined && inputs[named] === undefined) {
      const before: Dynamic = (call.olds["__defaults"] ?? []).includes(named) ? call.olds[named] : undefined;
      inputs[named] = before ?? autoName(call.name, call.seed, call.urn);
      inputs["__defaults"] = [named];
    }
    return { inputs, failures };
  }

  /**
   * By inputs alone: nothing is there that could differ. What replaces is known of names, which AWS seldom lets anybody
   * change, and of what the documentation says it of.
   */
  diff(call: ChangeCall): Diff {
    const { properties } = this.shape(call.type);
    const replaces = (path: string): boolean => {
      const property = path.split(/[.[]/)[0] ?? path;
      return nameKeys.includes(property) || properties[property]?.replaces === true;
    };
    const named = call.oldInputs["__defaults"] === undefined && call.news["__defaults"] === undefined;
    return { changes: differences(call.oldInputs, call.news, replaces), deleteBeforeReplace: named };
  }

  async create(call: Target & { readonly inputs: Props; readonly preview: boolean }): Promise<Created> {
    const { properties } = this.shape(call.type);
    const place = await this.place();
    const name = nameOf(call);
    const told = Object.entries(properties).filter(([key, { always }]) => always && call.inputs[key] === undefined);
    const outputs = {
      ...Object.fromEntries(
        told.map(([key, { kind }]) => [key, call.preview ? UNKNOWN : plausible(key, kind, call.type, name, place)]),
      ),
      ...this.withTags(properties, call.inputs),
    };
    if (call.preview) return { id: "", outputs };
    const id = name;
    this.notPlayed.created(call.type, id);
    return { id, outputs };
  }

  update(call: ChangeCall): Props {
    const { properties } = this.shape(call.type);
    const gone = Object.keys(call.oldInputs).filter((key) => call.news[key] === undefined && !properties[key]?.always);
    const kept = Object.fromEntries(Object.entries(call.oldOutputs).filter(([key]) => !gone.includes(key)));
    return { ...kept, ...this.withTags(properties, call.news) };
  }

  private withTags(properties: Shape["properties"], inputs: Props): Props {
    if (properties["tagsAll"] === undefined) return inputs;
    return { ...inputs, tagsAll: { ...this.defaultTags(), ...inputs["tags"] } };
  }

  /** Nothing can have changed it. */
  read(call: Target & { readonly id: string; readonly inputs: Props; readonly outputs: Props }) {
    if (Object.keys(call.outputs).length > 0) return { outputs: call.outputs, inputs: call.inputs };
    throw new SandboxError(
      "SBX-PROVIDER-TYPE",
      `the sandbox does not play ${call.type}, so there is none to import or to get (asked for '${call.id}')`,
      "Give the value in the program, or leave this resource out of the rehearsal.",
    );
  }
}

function nameOf({ inputs, name, urn }: Target & { readonly inputs: Props }): string {
  const given = nameKeys.map((key) => inputs[key] as unknown).find((value) => typeof value === "string");
  return typeof given === "string" && given !== UNKNOWN ? given : `${name}-${hex(urn, 7)}`;
}
