import assert from "node:assert/strict";
import type { Filter, NetworkInterface } from "@aws-sdk/client-ec2";
import { interfacesByAddress } from "../../../../automation/adapters/aws/network-interfaces";

/** EC2, as far as the two filters go. */
function ec2(all: readonly (NetworkInterface & { readonly VpcId: string })[]): {
  describe: (filters: Filter[]) => Promise<readonly NetworkInterface[]>;
  asked: Filter[][];
} {
  const asked: Filter[][] = [];
  const fits = (one: NetworkInterface & { readonly VpcId: string }, { Name, Values = [] }: Filter): boolean =>
    Name === "vpc-id"
      ? Values.includes(one.VpcId)
      : (one.PrivateIpAddresses ?? []).some(({ PrivateIpAddress }) => Values.includes(PrivateIpAddress ?? ""));
  return {
    asked,
    describe: async (filters) => {
      asked.push(filters);
      return all.filter((one) => filters.every((filter) => fits(one, filter)));
    },
  };
}

const at = (
  NetworkInterfaceId: string,
  VpcId: string,
  addresses: readonly string[],
  prefixes: readonly string[] = [],
) => ({
  NetworkInterfaceId,
  VpcId,
  PrivateIpAddresses: addresses.map((PrivateIpAddress) => ({ PrivateIpAddress })),
  Ipv4Prefixes: prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
});
const ids = async (found: ReturnType<typeof interfacesByAddress>): Promise<Record<string, string | undefined>> =>
  Object.fromEntries([...(await found)].map(([address, one]) => [address, one.NetworkInterfaceId]));

describe("the interface that carries an address", () => {
  it("is one of the environment's VPC, whoever else has the same address in another", async () => {
    const { describe: look } = ec2([
      at("eni-dev", "vpc-dev", ["10.42.0.10", "10.42.0.11"]),
      at("eni-staging", "vpc-staging", ["10.42.0.11"]),
    ]);
    assert.deepEqual(await ids(interfacesByAddress(["10.42.0.11"], "vpc-dev", look)), { "10.42.0.11": "eni-dev" });
  });
  it("is found by its prefix too, and the whole VPC is looked through for that alone", async () => {
    const { describe: look, asked } = ec2([
      at("eni-a", "vpc-dev", ["10.42.0.10"], ["10.42.1.16/28"]),
      at("eni-b", "vpc-dev", ["10.42.0.20"], ["10.42.1.32/28"]),
      at("eni-c", "vpc-staging", ["10.42.0.20"], ["10.42.1.32/28"]),
    ]);
    assert.deepEqual(await ids(interfacesByAddress(["10.42.0.10"], "vpc-dev", look)), { "10.42.0.10": "eni-a" });
    assert.equal(asked.length, 1);
    assert.deepEqual(await ids(interfacesByAddress(["10.42.0.10", "10.42.1.33", "10.42.9.9"], "vpc-dev", look)), {
      "10.42.0.10": "eni-a",
      "10.42.1.33": "eni-b",
    });
    assert.ok(
      asked.every((filters) => filters.some(({ Name, Values }) => Name === "vpc-id" && Values?.[0] === "vpc-dev")),
    );
  });
});
