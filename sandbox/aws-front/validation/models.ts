/**
 * What AWS's own service models say of requests (aws-models.json, written by scripts/aws-models.py from botocore): required
 * members, lengths, ranges, patterns and enumerations.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../processes/scripts";

export interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, Member>>;
  readonly required?: readonly string[];
  readonly of?: string | null;
  readonly key?: string | null;
  readonly flat?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface Member {
  /** Null: a shape that constrains nothing. */
  readonly shape: string | null;
  /** The name on the wire where it is another one. */
  readonly wire?: string;
  /** `uri` or `querystring` for REST; the body otherwise. */
  readonly in?: string;
}

export interface ServiceModel {
  readonly protocol: "query" | "ec2" | "rest-json";
  readonly operations: Readonly<Record<string, { readonly input: string | null; readonly http?: string }>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

type Models = Readonly<Record<string, ServiceModel>>;
let loaded: Models | null = null;

export function serviceModel(service: string): ServiceModel | undefined {
  loaded ??= JSON.parse(
    readFileSync(join(packageRoot(), "sandbox/aws-front/validation/aws-models.json"), "utf8"),
  ) as Models;
  return loaded[service];
}
