/** Forms of what a container has: its image, its variables, and what it may use. */
import { custom, text } from "../declare/form";

export const variables = custom<Readonly<Record<string, string>>>({
  read: (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return place.refuse(value, "must be an object of texts", "Write `NAME: value` pairs");
    const good: Record<string, string> = {};
    for (const [name, one] of Object.entries(value)) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof one !== "string")
        place.add(name, one, "must be a text under the name of an environment variable", "Put numbers in quotes");
      else if (name === "MEMBER")
        place.add("MEMBER", one, "is set by the package to the member's name", "Choose another name");
      else good[name] = one;
    }
    return good;
  },
  empty: {},
  type: "texts by name",
  range: "names of environment variables; not `MEMBER`",
  schema: { type: "object", additionalProperties: { type: "string" } },
});

export const memoryQuantity = text({
  pattern: /^[1-9]\d*(Mi|Gi)$/,
  rule: "must be an amount of memory in Mi or Gi",
  remedy: "Write it like 512Mi or 2Gi",
  range: "Mi or Gi, like `512Mi`",
});

export const cpuQuantity = custom<string>({
  // A number of cores needs no quotes.
  read: (value, place) =>
    /^([1-9]\d*m|\d+(\.\d{1,3})?)$/.test(String(value)) && Number.parseFloat(String(value)) > 0
      ? String(value)
      : place.refuse(value, "must be a number of cores, or of thousandths with an m", "Write it like 250m or 2"),
  empty: "",
  type: "text or number",
  range: "cores, or thousandths like `250m`",
  schema: { type: ["string", "number"] },
});

export const image = text({
  pattern: /^\S+$/,
  rule: "must be a container image",
  remedy: "Write it like 123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1.4.2",
});
