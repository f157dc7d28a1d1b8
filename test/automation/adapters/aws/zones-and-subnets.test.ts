/** Zones and subnets as the sandbox's AWS answers them, and what is made of a denial. */
import assert from "node:assert/strict";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { callAws } from "../../../../automation/adapters/aws/call";
import { readNetwork } from "../../../../automation/adapters/aws/zones-and-subnets";
import { region, useRig } from "../../../sandbox/aws-front/rig";

const refusing = (name: string): EC2Client =>
  ({ send: () => Promise.reject(Object.assign(new Error("no"), { name })) }) as unknown as EC2Client;

describe("the zones and subnets that EC2 tells", function () {
  this.timeout(60_000);
  const rig = useRig();

  it("have names, ids and free addresses; a subnet that is not there is left out", async () => {
    const { ec2, subnets, vpcId } = rig();
    const network = await readNetwork(ec2, callAws, [...subnets, ...subnets, "subnet-0123456789abcdef0"], true);
    assert.ok(network !== "denied");
    assert.ok(network.zones.length >= 2);
    for (const { name, id } of network.zones) {
      assert.ok(name.startsWith(region), name);
      assert.match(id, /^[a-z]+\d-az\d$/);
    }
    assert.deepEqual(network.subnets.map(({ id }) => id).sort(), [...subnets].sort());
    for (const { vpcId: of, zone, zoneId, freeAddresses } of network.subnets) {
      assert.equal(of, vpcId);
      assert.equal(network.zones.find(({ name }) => name === zone)?.id, zoneId);
      assert.ok(freeAddresses > 0);
    }
  });

  it("are not told to credentials that may not ask, which is no failure; any other refusal is one", async () => {
    assert.equal(await readNetwork(refusing("UnauthorizedOperation"), callAws, [], true), "denied");
    await assert.rejects(readNetwork(refusing("RequestLimitExceeded"), callAws, [], true), /RequestLimitExceeded/);
    await assert.rejects(readNetwork(refusing("ExpiredToken"), callAws, [], true), /ExpiredToken/);
  });

  it("are not asked for when nobody wants them", async () => {
    assert.deepEqual(await readNetwork(refusing("RequestLimitExceeded"), callAws, [], false), {
      zones: [],
      subnets: [],
    });
  });
});
