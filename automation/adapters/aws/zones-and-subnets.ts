/** What EC2 says of the region's zones and of subnets, for whoever asks before something is made in them. */
import {
  DescribeAvailabilityZonesCommand,
  DescribeSubnetsCommand,
  type EC2Client,
  type Filter,
} from "@aws-sdk/client-ec2";
import type { NetworkReading, SubnetReading, ZoneReading } from "../../ports/readings";
import { isDenied, type Call } from "./call";

/** One filter takes 200 values. */
const mostValues = 200;

/** Those that the account may use: EC2 leaves out zones that it has not opted in to. */
async function zonesOf(ec2: EC2Client, call: Call): Promise<readonly ZoneReading[]> {
  const { AvailabilityZones } = await call("ec2:DescribeAvailabilityZones", (options) =>
    ec2.send(new DescribeAvailabilityZonesCommand({}), options),
  );
  return (AvailabilityZones ?? []).map(({ ZoneName, ZoneId }) => ({ name: ZoneName ?? "", id: ZoneId ?? "" }));
}

/** A filter, not ids: an id that EC2 does not know would fail the whole call. */
async function subnetsOf(ec2: EC2Client, call: Call, ids: readonly string[]): Promise<readonly SubnetReading[]> {
  const found: SubnetReading[] = [];
  for (let at = 0; at < ids.length; at += mostValues) {
    const Filters: Filter[] = [{ Name: "subnet-id", Values: ids.slice(at, at + mostValues) }];
    let NextToken: string | undefined;
    do {
      const page = await call("ec2:DescribeSubnets", (options) =>
        ec2.send(new DescribeSubnetsCommand({ Filters, NextToken }), options),
      );
      found.push(
        ...(page.Subnets ?? []).map((one) => ({
          id: one.SubnetId ?? "",
          vpcId: one.VpcId ?? "",
          zone: one.AvailabilityZone ?? "",
          zoneId: one.AvailabilityZoneId ?? "",
          freeAddresses: one.AvailableIpAddressCount ?? 0,
        })),
      );
      NextToken = page.NextToken;
    } while (NextToken !== undefined && NextToken !== "");
  }
  return found;
}

/** What is not wanted is not asked for. */
export async function readNetwork(
  ec2: EC2Client,
  call: Call,
  subnetIds: readonly string[],
  zonesToo: boolean,
): Promise<NetworkReading> {
  try {
    const [zones, subnets] = await Promise.all([
      zonesToo ? zonesOf(ec2, call) : [],
      subnetsOf(ec2, call, [...new Set(subnetIds)]),
    ]);
    return { zones, subnets };
  } catch (error) {
    if (isDenied(error)) return "denied";
    throw error;
  }
}
