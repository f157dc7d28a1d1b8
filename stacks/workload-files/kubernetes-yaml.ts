/** YAML as Kubernetes' tools read it. Pure. */
import { type Document, parseAllDocuments, type Tags } from "yaml";

/** YAML 1.1 (`0644` is octal, `yes` is true), where times and dates stay text. */
const customTags = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp"));

export const documentsOf = (text: string): readonly Document[] =>
  [...parseAllDocuments(text, { version: "1.1", customTags })] as Document[];

/** The one value of a text; null: it is empty. @throws Error that says what is wrong, in one line */
export function valueOf(text: string): unknown {
  const [first, second] = documentsOf(text);
  if (second !== undefined) throw new Error("there is more than one document in it");
  const wrong = first?.errors[0];
  if (wrong !== undefined) throw new Error(wrong.message.split("\n")[0] ?? "");
  return (first?.toJS() as unknown) ?? null;
}
