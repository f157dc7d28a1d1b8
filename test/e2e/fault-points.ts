/** Which fault a failed update's message speaks of. Pure. */
import { attributesOf } from "../../sandbox/control-plane/request-attributes";

export type Kind = "throttle" | "error" | "timeout" | "lost-answer";

/**
 * A changing call of the provider that is cut off ends its update: client-go repeats only what reads. To the driver all
 * objects of the chart's release are one resource, so these stand for the others; else the update would be repeated
 * fifty times to learn the same thing. Helm keeps its own record of a release in Secrets.
 */
const stoodForBy = ["namespaces", "services", "deployments", "targetgroupbindings", "secrets"];
const changing = ["create", "update", "patch", "delete"];

/** The provider's changing calls that are cut off, by verb and resource. */
export const cutOff = changing.flatMap((verb) => stoodForBy.map((resource) => ({ verb, resource })));

/** Whether others stand for this call of the provider when calls are cut off. */
export const isStoodFor = (verb: string, resource: string): boolean =>
  changing.includes(verb) && !stoodForBy.includes(resource);

const methods: Readonly<Record<string, string>> = {
  Get: "GET",
  Post: "POST",
  Put: "PUT",
  Patch: "PATCH",
  Delete: "DELETE",
};

function isNamed(text: string, kind: Kind, point: string): boolean {
  const [client = "", ...rest] = point.split(" ");
  const what = rest.join(" ");
  switch (kind) {
    case "throttle":
      return false;
    case "error":
      // Whose calls an update fails of.
      return (
        (client === "aws" || client === "pulumi-kubernetes") &&
        new RegExp(`of the sandbox, at ${what.replace(/[/.*]/g, "\\$&")}(?![\\w/])`).test(text)
      );
    case "timeout":
    case "lost-answer": {
      const cut = [...text.matchAll(/(Get|Post|Put|Patch|Delete) "https:\/\/[\d.:]+(\/[^"]*)": EOF/g)].map(
        ([, method = "", path = ""]) => attributesOf(methods[method] ?? "", path),
      );
      if (client === "pulumi-kubernetes" && cut.some(({ verb, resource }) => `${verb} ${resource}` === what))
        return true;
      // What lost its answer is there when it is asked for again.
      const there = [...text.matchAll(/create \S+ \((aws|kubernetes):[^:]*:(\w+)\)[^\n]*already exists/g)].map(
        ([, by, type = ""]) => ({ by, type: type.replace(/Rule$/, "") }),
      );
      return (
        kind === "lost-answer" &&
        there.some(({ by, type }) =>
          by === "aws"
            ? client === "aws" &&
              what.split(":").at(-1)!.endsWith(type) &&
              !/^\w+:(Describe|Get|List|Delete|Revoke)/.test(what)
            : client === "pulumi-kubernetes" && what === `patch ${type.toLowerCase()}s`,
        )
      );
    }
    default:
      return kind satisfies never;
  }
}

/** Those of the points that a message speaks of, when a fault of this kind was at work. */
export function causesOf(text: string, kind: Kind, points: readonly string[]): readonly string[] {
  return points.filter((point) => isNamed(text, kind, point));
}
