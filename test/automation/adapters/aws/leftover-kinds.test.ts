/** The commands that are named: in the order in which AWS takes them. */
import assert from "node:assert/strict";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { kinds } from "../../../../automation/adapters/aws/leftover-kinds";

/** What is named for one thing of a kind, as EC2 answers it. */
async function commandOf(what: string, answer: object): Promise<string | undefined> {
  const kind = kinds.find((one) => one.what === what);
  const ec2 = { send: async () => answer } as unknown as EC2Client;
  const abortSignal = new AbortController().signal;
  return (await kind?.find(ec2, [], { abortSignal }))?.[0]?.command;
}

describe("the commands for what is left in EC2", () => {
  it("detach what is attached first: EC2 deletes nothing that is in use", async () => {
    assert.equal(
      await commandOf("network interface", {
        NetworkInterfaces: [{ NetworkInterfaceId: "eni-1", Attachment: { AttachmentId: "eni-attach-1" } }],
      }),
      "aws ec2 detach-network-interface --attachment-id eni-attach-1 && " +
        "aws ec2 wait network-interface-available --network-interface-ids eni-1 && " +
        "aws ec2 delete-network-interface --network-interface-id eni-1",
    );
    assert.equal(
      await commandOf("network interface", { NetworkInterfaces: [{ NetworkInterfaceId: "eni-1" }] }),
      "aws ec2 delete-network-interface --network-interface-id eni-1",
    );
    assert.equal(
      await commandOf("internet gateway", {
        InternetGateways: [{ InternetGatewayId: "igw-1", Attachments: [{ VpcId: "vpc-1" }] }],
      }),
      "aws ec2 detach-internet-gateway --internet-gateway-id igw-1 --vpc-id vpc-1 && " +
        "aws ec2 delete-internet-gateway --internet-gateway-id igw-1",
    );
    assert.equal(
      await commandOf("route table", {
        RouteTables: [
          {
            RouteTableId: "rtb-1",
            Associations: [
              { Main: true, RouteTableAssociationId: "rtbassoc-0" },
              { Main: false, RouteTableAssociationId: "rtbassoc-1" },
            ],
          },
        ],
      }),
      "aws ec2 disassociate-route-table --association-id rtbassoc-1 && " +
        "aws ec2 delete-route-table --route-table-id rtb-1",
    );
  });

  it("wait for a gateway whose address and subnet the next commands delete", async () => {
    assert.equal(
      await commandOf("NAT gateway", { NatGateways: [{ NatGatewayId: "nat-1", State: "available" }] }),
      "aws ec2 delete-nat-gateway --nat-gateway-id nat-1 && aws ec2 wait nat-gateway-deleted --nat-gateway-ids nat-1",
    );
    assert.equal(
      await commandOf("NAT gateway", { NatGateways: [{ NatGatewayId: "nat-1", State: "deleting" }] }),
      undefined,
    );
  });
});
