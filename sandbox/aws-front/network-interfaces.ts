/**
 * moto's DescribeNetworkInterfaces looks for an interface's first address only; a pod's is one of the others, and the
 * controller asks for it.
 */
import { type Ec2, items, str } from "./ec2";

const addressFilter = "addresses.private-ip-address";

/**
 * Names the interfaces that have the addresses asked for, in the form that goes to moto. Gives null when there is
 * nothing to change.
 */
export async function withAddressesResolved(ec2: Ec2, form: URLSearchParams): Promise<URLSearchParams | null> {
  const numbers = [...form]
    .filter(([key, value]) => /^Filter\.\d+\.Name$/.test(key) && value === addressFilter)
    .map(([key]) => key.split(".")[1]);
  if (form.get("Action") !== "DescribeNetworkInterfaces" || numbers.length === 0) return null;
  const answer = await ec2.call("DescribeNetworkInterfaces");
  const all = items(answer["networkInterfaceSet"]).map((node) => ({
    id: str(node, "networkInterfaceId"),
    addresses: [
      str(node, "privateIpAddress"),
      ...items(node["privateIpAddressesSet"]).map((one) => str(one, "privateIpAddress")),
    ],
  }));
  const changed = new URLSearchParams(
    [...form].filter(([key]) => !numbers.some((number) => key.startsWith(`Filter.${number}.`))),
  );
  for (const number of numbers) {
    const wanted = [...form]
      .filter(([key]) => key.startsWith(`Filter.${number}.Value.`))
      .map(([, value]) => pattern(value));
    const found = all
      .filter((one) => one.addresses.some((address) => wanted.some((each) => each.test(address))))
      .map((one) => one.id);
    changed.set(`Filter.${number}.Name`, "network-interface-id");
    // A filter without values would match all.
    (found.length > 0 ? found : ["eni-none"]).forEach((id, index) =>
      changed.set(`Filter.${number}.Value.${index + 1}`, id),
    );
  }
  return changed;
}

/** EC2's filters know `*` and `?`. */
const pattern = (value: string): RegExp =>
  new RegExp(
    `^${value
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
