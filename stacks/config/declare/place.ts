/** Where in the config a value stands, and the list that its problems go to. */
import type { Problem } from "../../../components/internal/problems";

/** What stands above a value in the config and has been read before it. Rules and defaults may depend on it. */
export interface Earlier {
  readonly environment?: string;
  readonly region?: string;
  readonly members?: readonly string[];
  readonly network?: { readonly cidrBlock: string | null };
  readonly traffic?: "shared" | "weighted";
  readonly loadBalancer?: { readonly owner: "stack" | "service"; readonly type?: "network" | "application" };
}

export class Place {
  /** `path` is empty at the top. */
  constructor(
    private readonly problems: Problem[],
    readonly path: string,
    readonly earlier: Earlier,
  ) {}

  /** Path of `key` below this place: `cluster` and `nodes` make `cluster.nodes`, `services` and `[0]` `services[0]`. */
  at(key: string): string {
    if (key === "") return this.path;
    return this.path === "" || this.path.endsWith(":") || key.startsWith("[") ? this.path + key : `${this.path}.${key}`;
  }

  inner(key: string): Place {
    return new Place(this.problems, this.at(key), this.earlier);
  }

  add(key: string, value: unknown, rule: string, remedy: string): void {
    this.problems.push({ path: this.at(key), value: value ?? null, rule, remedy });
  }

  /** Adds a problem of the value that stands here; `undefined`: it is missing and must not be. */
  refuse(value: unknown, rule: string, remedy: string): undefined {
    this.add("", value, value === undefined ? `is required; ${rule}` : rule, remedy);
    return undefined;
  }
}
